/** The object that is loaded must be the one whose layout was generated. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import { checkObject, objectPath } from '../../../src/engine/object.ts';

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
  ['version', 'layout.h', 'XDPOL_LAYOUT_VERSION = 5', 'XDPOL_LAYOUT_VERSION = 99', 'layout version 99, wanted'],
  ['unit', 'layout.h', 'XDPOL_TABLE_UNIT = 128', 'XDPOL_TABLE_UNIT = 256', 'no table .data.src4_filter of 128 bytes'],
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

test('no object at all', () => {
  const text = join(directory, 'text.o');
  writeFileSync(text, 'name: edge\n');
  expect(refusal(text)).toContain('is not a BPF object');
});
