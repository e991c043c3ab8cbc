/** Objects with bytes changed or cut: libbpf reads them or refuses them, and the process lives on. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BpfError, inspectObject, loadObject } from 'libbpf-ts-bindings';
import { expect, test } from 'vitest';
import { bpfError, expectNoLeaks, objectFile } from './support.ts';

expectNoLeaks();

/** Of each object; XDPOL_MALFORMED_OBJECTS asks for more. */
const OBJECTS = Number(process.env['XDPOL_MALFORMED_OBJECTS'] ?? 60);
/** The one that this repository loads: it is fifty times as large. */
const FILTER = fileURLToPath(new URL('../../dist/bpf/xdpol.bpf.o', import.meta.url));
const GATE = fileURLToPath(new URL('../../dist/bpf/gate.bpf.o', import.meta.url));

/**
 * Inspects COUNT variants of FILE, and loads those whose maps are small. Prints how often each ended how. In a process
 * of its own: a crash would take the tests along.
 */
const TRY_VARIANTS = `
const { readFileSync } = require('node:fs');
const [, file, count, seed] = process.argv;
import('libbpf-ts-bindings').then(({ inspectObject, loadObject, BpfError }) => {
  const whole = readFileSync(file);
  let state = Number(seed);
  const below = (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const ends = {};
  const note = (what) => { ends[what] = (ends[what] ?? 0) + 1; };
  const attempt = (op, run) => {
    try {
      const result = run();
      note(op);
      return result;
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      note(error.code === 'ECRASH' ? op + ' ECRASH' : op + ' refused');
      return undefined;
    }
  };
  for (let i = 0; i < Number(count); i++) {
    let bytes = Buffer.from(whole);
    // The headers of the sections are at the end, that of the file at the beginning.
    for (let changes = 1 + below(8); changes > 0; changes--) {
      const at = [below(64), whole.length - 1 - below(Math.min(4000, whole.length)), below(whole.length)][below(3)];
      bytes[at] = below(256);
    }
    if (below(4) === 0) bytes = bytes.subarray(0, below(bytes.length));
    const spec = attempt('inspect', () => inspectObject(bytes));
    const isSmall = spec?.maps.every(({ keySize, valueSize, maxEntries }) => (keySize + valueSize) * maxEntries < 2e6);
    if (isSmall) attempt('load', () => loadObject(bytes, { programs: spec.programs.slice(0, 1).map((p) => p.name) }))?.[Symbol.dispose]();
  }
  console.log(JSON.stringify(ends));
});
`;

interface Ends {
  readonly inspect?: number;
  readonly 'inspect refused'?: number;
  readonly 'inspect ECRASH'?: number;
}

function tryVariants(file: string, count: number, seed: number): Ends {
  const argv = ['-e', TRY_VARIANTS, file, String(count), String(seed)];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as Ends;
}

/** The object with every word of its first BTF types in turn naming a type that does not exist. */
function* withoutTypes(): Generator<Buffer> {
  const whole = readFileSync(objectFile('probes'));
  const header = whole.indexOf(Uint8Array.of(0x9f, 0xeb, 1, 0, 24));
  const types = header + 24;
  for (let word = 0; word < 64; word++) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt32LE(0x7fff_ffff, types + 4 * word);
    yield bytes;
  }
}

test('what ends libbpf ends a child process, and says so', () => {
  const crashing = [...withoutTypes()].find((bytes) => {
    try {
      inspectObject(bytes);
    } catch (error) {
      return error instanceof BpfError && error.code === 'ECRASH';
    }
    return false;
  });
  if (crashing === undefined) throw new Error('libbpf survives them all');
  for (const run of [
    (): unknown => inspectObject(crashing),
    (): unknown => loadObject(crashing, { programs: ['drop'] }),
  ]) {
    const error = bpfError(run);
    expect(error).toMatchObject({ code: 'ECRASH', errno: 0, target: 'object' });
    expect(error.message).toMatch(/does not survive this object \(SIGSEGV\): it is damaged/u);
  }
});

test('an object whose digest is known is read at once, and another one is refused', () => {
  const bytes = readFileSync(objectFile('probes'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(inspectObject(bytes, { sha256 })).toEqual(inspectObject(bytes));
  using object = loadObject(bytes, { sha256, programs: ['drop'] });
  expect(object.programs.size).toBe(1);
  bytes[bytes.length - 1] = 1 ^ (bytes[bytes.length - 1] ?? 0);
  for (const run of [(): unknown => inspectObject(bytes, { sha256 }), (): unknown => loadObject(bytes, { sha256 })]) {
    expect(bpfError(run)).toMatchObject({ code: 'EDIGEST', target: 'object' });
  }
});

for (const [name, file, count] of [
  ['a small object', (): string => objectFile('probes'), OBJECTS],
  ['the gate', (): string => GATE, OBJECTS],
  ['the filter', (): string => FILTER, Math.ceil(OBJECTS / 20)],
] as const) {
  test(`no variant of ${name} ends the process`, { timeout: 120_000 + 50 * OBJECTS }, () => {
    const ends = tryVariants(file(), count, 20261);
    const { inspect = 0, 'inspect refused': refused = 0, 'inspect ECRASH': crashed = 0 } = ends;
    expect(inspect + refused + crashed).toBe(count);
    expect(Math.min(inspect, refused)).toBeGreaterThan(0);
  });
}
