/** A loadable policy survives being a file, and a file that is not one is refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { compile } from '../../../src/compiler/compile.ts';
import type { LoadablePolicy } from '../../../src/compiler/loadable.ts';
import { loadableOf } from '../../../src/compiler/loadable.ts';
import { deserialize, serialize } from '../../../src/compiler/serialize.ts';
import { ReferenceClassifier } from '../../../src/policy/classify.ts';
import { decodePacket } from '../../../src/policy/packet/decode.ts';
import { policy, TEST_HOST } from '../../support/arbitrary-policy.ts';
import { PARSE_POLICY } from '../../support/parse-policy.ts';

function loadable(of: typeof PARSE_POLICY): LoadablePolicy {
  const compiled = compile(of, TEST_HOST, new Diagnostics());
  if (compiled === undefined) throw new Error('refused');
  return loadableOf(compiled, () => 0);
}

/** All of it that reaches the kernel or a message. */
function essence({ policy: outline, ranked, shape, broadcasts, tables, probes }: LoadablePolicy): unknown {
  return {
    name: outline.name,
    default: outline.default,
    rules: outline.rules.map(({ name, action, filterList }) => [
      name,
      action,
      filterList.name,
      filterList.filters.length,
    ]),
    ranked: ranked.map(({ ruleIndex }) => ruleIndex),
    shape: Buffer.from(shape).toString('hex'),
    broadcasts: Buffer.from(broadcasts).toString('hex'),
    tables: [...tables].map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
    probes: probes.map((probe) => ({ ...probe, frame: Buffer.from(probe.frame).toString('hex') })),
  };
}

test('what is read back is what was written', () => {
  fc.assert(
    fc.property(policy(), (any) => {
      const before = loadable(any);
      const after = deserialize(serialize(before));
      if (after === undefined) throw new Error('not read back');
      expect(essence(after)).toEqual(essence(before));
    }),
    { numRuns: 40 },
  );
});

test('a file at any offset of a buffer is read', () => {
  const file = serialize(loadable(PARSE_POLICY));
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  const found = deserialize(shifted.subarray(3));
  expect(found === undefined ? undefined : essence(found)).toEqual(essence(loadable(PARSE_POLICY)));
});

test('a file that is cut short, too long or of another format is refused', () => {
  const file = serialize(loadable(PARSE_POLICY));
  for (const length of [0, 7, 11, 12, file.length - 1]) {
    expect(deserialize(file.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
  expect(deserialize(Uint8Array.from([...file, 0]))).toBeUndefined();
  expect(deserialize(file.map((byte, i) => (i === 7 ? byte + 1 : byte)))).toBeUndefined();
});

test('probes expect what the reference classifier decides', () => {
  fc.assert(
    fc.property(policy(), (any) => {
      const reference = new ReferenceClassifier(any, TEST_HOST);
      for (const probe of loadable(any).probes) {
        const { verdict, by, rule } = reference.classify(decodePacket(probe.frame));
        expect({ ...probe, verdict, by, rule }).toEqual(probe);
      }
    }),
    { numRuns: 100 },
  );
});
