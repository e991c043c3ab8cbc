/** What the differential test prints of a failure reproduces it: the reduced policy, read back, by explain and replay. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { formatAddress } from '../../src/base/ip.ts';
import { printPolicy } from '../../src/formats/yaml/print.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { Policy } from '../../src/policy/model.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { formatPacket } from '../../src/policy/packet/text.ts';
import { arb, TEST_HOST } from '../support/arbitrary.ts';
import type { TestPacket } from '../support/packets.ts';
import { pcapFile } from '../support/pcap.ts';
import { program } from '../support/program.ts';
import { reducedPolicy } from '../support/reduce.ts';

const SEED = 11;

function decide(policy: Policy, packet: TestPacket): Decision {
  return new ReferenceClassifier(policy, TEST_HOST).classify(decodePacket(packet.frame), { interface: undefined });
}

const cases = arb
  .policy()
  .chain((policy) => fc.tuple(fc.constant(policy), fc.array(arb.packetNear(policy), { minLength: 50, maxLength: 50 })));

/** A packet that a rule drops: it stands for one that the program and the reference disagree about. */
function sample(): readonly [Policy, TestPacket] {
  for (const [policy, packets] of fc.sample(cases, { numRuns: 50, seed: SEED })) {
    const dropped = packets.find((packet) => {
      const { by, verdict, fragment } = decide(policy, packet);
      return by === 'rule' && verdict === 'drop' && !fragment && policy.rules.length > 3;
    });
    if (dropped !== undefined) return [policy, dropped];
  }
  throw new Error('no such case: take another seed');
}

test('a reduced failure is small, and explain and replay show it from what was printed', () => {
  const [policy, packet] = sample();
  const isDropped = (smaller: Policy): boolean => {
    const { by, verdict } = decide(smaller, packet);
    return by === 'rule' && verdict === 'drop';
  };
  const reduced = reducedPolicy(policy, TEST_HOST, isDropped);
  expect(reduced.rules).toHaveLength(1);
  expect(present(reduced.rules[0]).filterList.filters).toHaveLength(1);
  const directory = mkdtempSync(join(tmpdir(), 'xdpol-reduced-'));
  try {
    const [file, capture] = [join(directory, 'reduced.yaml'), join(directory, 'one.pcap')];
    writeFileSync(file, printPolicy(reduced));
    writeFileSync(capture, pcapFile([packet.frame]));
    const decoded = decodePacket(packet.frame);
    const text = decoded.kind === 'packet' ? formatPacket(decoded.packet) : decoded.reason;
    const me = TEST_HOST.me.flatMap((address) => ['--me', formatAddress(address)]);
    const run = (...args: readonly string[]): unknown => {
      const [node, ...argv] = program('main', ...args, ...me, '--json');
      return JSON.parse(execFileSync(node, argv, { encoding: 'utf8', stdio: 'pipe' }));
    };
    const { verdict, by, rule } = decide(reduced, packet);
    for (const shown of [run('explain', file, text), run('replay', file, capture)]) {
      expect(shown).toMatchObject({ verdict, by, rule });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
