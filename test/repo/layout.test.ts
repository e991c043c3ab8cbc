/** The committed layout is that of the built object: sizes, offsets and constants cannot drift apart. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TABLE_NAMES } from '../../src/compiler/compile.ts';
import { ENUMS, STRUCTS } from '../../src/layout/layout.gen.ts';

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
    const end = parts.reduce((at, field) => (field.offset === at ? at + field.size : Number.NaN), 0);
    return end !== size;
  });
  expect(wrong.map(([name]) => name)).toEqual([]);
});

test('every table of the layout has its section in the program', () => {
  const maps = readFileSync(new URL('bpf/maps.h', root), 'utf8');
  const sections = [...maps.matchAll(/^TABLE\((\w+)\);$/gmu)].map(([, name]) => name);
  expect([...sections].sort()).toEqual([...TABLE_NAMES].sort());
  expect(TABLE_NAMES.map((name) => ENUMS.table[name])).toEqual(TABLE_NAMES.map((_, i) => i));
});
