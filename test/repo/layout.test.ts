/** The committed layout is that of the built object: sizes, offsets and constants cannot drift apart. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TABLE_NAMES } from '../../src/compiler/compile.ts';
import { ENUMS, readShape, STRUCTS, writeShape } from '../../src/layout/layout.gen.ts';

const root = new URL('../../', import.meta.url);

test('layout.gen.ts is what the BTF of dist/bpf/xdpol.bpf.o says', () => {
  const script = new URL('scripts/generate-layout.ts', root).pathname;
  const tsx = new URL('node_modules/.bin/tsx', root).pathname;
  const { status, stderr } = spawnSync(tsx, [script, '--check'], { encoding: 'utf8' });
  expect(stderr.replaceAll(/npm warn.*\n/gu, '')).toBe('');
  expect(status).toBe(0);
});

interface Struct {
  readonly size: number;
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly size: number }>>;
}

const structs: Readonly<Record<string, Struct>> = STRUCTS;

test('no padding: the fields of every struct fill it', () => {
  const wrong = Object.entries(structs).filter(([, { size, fields }]) => {
    const parts = Object.values(fields).sort((a, b) => a.offset - b.offset);
    // Members of a union begin where the first of them does.
    const distinct = parts.filter((field, i) => field.offset !== parts[i - 1]?.offset);
    const end = distinct.reduce((at, field) => (field.offset === at ? at + field.size : Number.NaN), 0);
    return end !== size;
  });
  expect(wrong.map(([name]) => name)).toEqual([]);
});

test('tables are numbered in the order of their names', () => {
  expect(TABLE_NAMES.map((name) => ENUMS.table[name])).toEqual(TABLE_NAMES.map((_, i) => i));
  expect(ENUMS.table.TABLES).toBe(TABLE_NAMES.length);
});

test('what is written to a structure is read from it, and every byte of it is written', () => {
  const bytes = new Uint8Array(STRUCTS.shape.size).map((_, i) => (i * 37 + 1) % 256);
  const copy = new Uint8Array(bytes.length);
  writeShape(new DataView(copy.buffer), 0, readShape(new DataView(bytes.buffer), 0));
  expect(copy).toEqual(bytes);
});

/** Numbers are said once: in bpf/layout.h. */
test('no array of the layout has a length of its own', () => {
  const layout = readFileSync(new URL('bpf/layout.h', root), 'utf8');
  const literal = [...layout.matchAll(/^\t__u\d+ (?<field>\w+)\[\d+\]/gmu)].map(({ groups }) => groups?.['field']);
  expect(literal).toEqual([]);
});
