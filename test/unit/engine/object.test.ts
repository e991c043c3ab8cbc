/** The object that is loaded must be the one whose layout was generated. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import { checkObject, objectPath } from '../../../src/engine/object.ts';
import { ENUMS } from '../../../src/layout/layout.gen.ts';

const BPF = fileURLToPath(new URL('../../../bpf', import.meta.url));

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-object-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** The filter built from sources in which `file` has `to` in the place of `from`. */
function built(name: string, file: string, from: string, to: string): string {
  const sources = join(directory, name);
  cpSync(BPF, sources, { recursive: true });
  const text = readFileSync(join(sources, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(sources, file), text.replace(from, to));
  const object = join(sources, 'out/xdpol.bpf.o');
  execFileSync('make', ['-s', '-C', sources, 'OUT=out', 'out/xdpol.bpf.o'], { stdio: 'pipe' });
  return object;
}

function refusal(path: string): string {
  try {
    checkObject(path);
  } catch (error) {
    if (error instanceof EnvironmentError) return `${error.message} | ${error.help}`;
    throw error;
  }
  return 'taken';
}

test('the object that belongs to this program is taken', () => {
  expect(refusal(objectPath('xdpol'))).toBe('taken');
});

const OTHERS: readonly (readonly [name: string, file: string, from: string, to: string, said: string])[] = [
  [
    'version',
    'layout.h',
    `XDPOL_LAYOUT_VERSION = ${ENUMS.layout.VERSION}`,
    'XDPOL_LAYOUT_VERSION = 99',
    'layout version 99, wanted',
  ],
  ['table', 'maps.h', 'SEC(".data." #name);', 'SEC(".data.other_" #name);', '.data.subrows'],
];
for (const [name, file, from, to, said] of OTHERS) {
  test(`another ${name} is refused, and the message names the remedy`, () => {
    const message = refusal(built(name, file, from, to));
    expect(message).toContain('does not fit this version of xdpol');
    expect(message).toContain(said);
    expect(message).toContain('npm run build');
  });
}

/** An object of this program with some bytes changed, and what the build wrote down about it. */
function damaged(
  name: string,
  change: (bytes: Buffer) => void,
  hasSums: boolean,
  file: 'xdpol' | 'gate' = 'xdpol',
): string {
  const folder = join(directory, name);
  cpSync(dirname(objectPath(file)), folder, { recursive: true });
  const object = join(folder, `${file}.bpf.o`);
  const bytes = readFileSync(object);
  change(bytes);
  writeFileSync(object, bytes);
  if (!hasSums) rmSync(join(folder, 'SHA256SUMS'), { force: true });
  return object;
}

test('one with another digest than the build wrote down is refused by its name', () => {
  const flip = (bytes: Buffer): void => {
    bytes[5000] = 1 ^ (bytes[5000] ?? 0);
  };
  const object = damaged('flipped', flip, true);
  expect(refusal(object)).toContain(
    `${object} is damaged: its SHA-256 is not the one in ${directory}/flipped/SHA256SUMS`,
  );
  expect(refusal(damaged('same', () => undefined, true))).toBe('taken');
});

test('one that nobody wrote down is read with care: what ends libbpf does not end the command', () => {
  const misplaceType = (word: number) => (bytes: Buffer) => {
    const types = bytes.indexOf(Uint8Array.of(0x9f, 0xeb, 1, 0, 24)) + 24;
    bytes.writeUInt32LE(0x7fff_ffff, types + 4 * word);
  };
  const refusals = Array.from({ length: 64 }, (_, word) =>
    refusal(damaged('types', misplaceType(word), false, 'gate')),
  );
  const ofCrash = refusals.find((said) => said.includes('ECRASH'));
  expect(ofCrash).toContain(`${directory}/types/gate.bpf.o is not a BPF object`);
  expect(ofCrash).toContain('does not survive this object');
  expect(refusal(damaged('unknown', () => undefined, false))).toBe('taken');
});

test('no object at all', () => {
  const text = join(directory, 'text.o');
  writeFileSync(text, 'name: edge\n');
  expect(refusal(text)).toContain('is not a BPF object');
});
