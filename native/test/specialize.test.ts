/** A program that is specialized for its read-only data does what it did before, with fewer instructions. */
import type { BpfObject, LoadOptions } from 'libbpf-ts-bindings';
import { createMap, loadObject, mapFlags } from 'libbpf-ts-bindings';
import { expect, test } from 'vitest';
import { type Chance, chanceOf, randomProgram } from './random-program.ts';
import { expectNoLeaks, frame, objectFile, u32 } from './support.ts';

expectNoLeaks();

const PROGRAMS = 40;
const LOADS = 4;
const FRAMES = 24;

function bytes(chance: Chance, count: number, most: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => (chance.at(3) === 0 ? 0 : chance.at(most)));
}

/** Small numbers, which decide something, and large ones. */
function readOnly(chance: Chance): Readonly<Record<string, Uint8Array>> {
  const few = u32(...Array.from({ length: 8 }, () => (chance.at(2) === 0 ? chance.at(8) : chance.at(2 ** 32))));
  return { few, wide: bytes(chance, 32, 256), tiny: bytes(chance, 8, 6) };
}

/** What a frame leads to, and everything that it changes. */
function runOf(object: BpfObject, packet: Uint8Array): unknown {
  const retval = object.programs.get('random')?.testRun(packet).retval;
  const counts = [0, 1, 2, 3, 4].map((key) => object.maps.get('counts')?.lookup(u32(key)));
  return { retval, bss: object.maps.get('.bss')?.lookup(u32(0)), counts };
}

test.each(Array.from({ length: PROGRAMS }, (_, seed) => seed))('a random program does the same: seed %i', (seed) => {
  const chance = chanceOf(seed);
  const object = objectFile(`random${seed}`, randomProgram(chance));
  for (let load = 0; load < LOADS; load++) {
    const rodata = readOnly(chance);
    using whole = loadObject(object, { rodata });
    using special = loadObject(object, { rodata, specialize: true });
    expect(special.specialized).toBe(true);
    for (let i = 0; i < FRAMES; i++) {
      const packet = new Uint8Array(frame(60));
      packet.set(bytes(chance, 48, i % 2 === 0 ? 8 : 256));
      expect(runOf(special, packet), `load ${load}, frame ${i}`).toEqual(runOf(whole, packet));
    }
  }
});

const special = objectFile.bind(undefined, 'special');
const JUMBO = 9000;
const NOTHING_ELSE = 2; // a number, and the end

function countOf(object: BpfObject, name: string): number {
  const program = object.programs.get(name);
  if (program === undefined) throw new Error(`no program ${name}`);
  return program.insnCount;
}

function loadBoth(opts: LoadOptions): [whole: BpfObject, special: BpfObject] {
  return [loadObject(special(), opts), loadObject(special(), { ...opts, specialize: true })];
}

test.each([
  [0, 1],
  [1, 5],
  [2, 7],
])('read-only data says which way it goes: path %i', (path, retval) => {
  const [before, after] = loadBoth({ rodata: { path: u32(path) } });
  using whole = before;
  using lean = after;
  for (const object of [whole, lean]) {
    expect(object.programs.get('chosen')?.testRun(frame(60)).retval).toBe(retval);
    expect(object.programs.get('chosen')?.testRun(frame(JUMBO)).retval).toBe(retval);
  }
  expect(countOf(lean, 'chosen')).toBeLessThanOrEqual(countOf(whole, 'chosen'));
});

test('what read-only data rules out is gone, and what was calculated for it', () => {
  const [before, after] = loadBoth({ rodata: { path: u32(0) } });
  using whole = before;
  using lean = after;
  expect(countOf(whole, 'chosen')).toBeGreaterThan(NOTHING_ELSE);
  expect(countOf(lean, 'chosen')).toBe(NOTHING_ELSE);
});

test('a function reads before the place that it is pointed to', () => {
  using object = loadObject(special(), { specialize: true });
  expect(object.specialized).toBe(true);
  expect(object.programs.get('backwards')?.testRun(frame(60)).retval).toBe(60);
});

test('the program still holds the maps that it does not need any more', () => {
  for (let round = 0; round < 2; round++) {
    using object = loadObject(special(), { rodata: { path: u32(0) }, specialize: true });
    const ids = ['.rodata', '.bss', 'depths'].map((name) => object.maps.get(name)?.id);
    expect(object.programs.get('chosen')?.mapIds).toEqual(expect.arrayContaining(ids));
  }
});

test('read-only data that comes in a map of the caller is read there', () => {
  const { spec } = loadOnce().maps.get('.rodata') ?? { spec: undefined };
  using mine = createMap({
    name: 'mine',
    type: 'array',
    keySize: 4,
    valueSize: spec?.valueSize ?? 0,
    maxEntries: 1,
    flags: mapFlags.mmapable,
  });
  using object = loadObject(special(), { maps: { '.rodata': mine }, specialize: true });
  const retvals = [2, 0, 1].map((path) => {
    mine.mmap()[0] = path;
    return object.programs.get('chosen')?.testRun(frame(60)).retval;
  });
  expect(retvals).toEqual([7, 1, 5]);
});

function loadOnce(): BpfObject {
  using object = loadObject(special());
  return object;
}

test('with a log the programs are as they are', () => {
  using object = loadObject(special(), { logLevel: 4, specialize: true });
  expect(object.specialized).toBe(false);
  expect(object.verifierLog).toMatch(/processed \d+ insns/u);
});
