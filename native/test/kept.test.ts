/** An object that is loaded again is made of what libbpf did for the first load: everything else is as it was then. */
import { readFileSync } from 'node:fs';
import type { BpfObject, LoadOptions } from 'libbpf-ts-bindings';
import { createMap, loadObject, mapFlags } from 'libbpf-ts-bindings';
import { expect, test } from 'vitest';
import { asU32, bpfError, expectCode, expectNoLeaks, frame, objectFile, u32, u64 } from './support.ts';

expectNoLeaks();

const beside = objectFile('beside');
const JUMBO = 9000;
const TABLES = { name: 'tables', type: 'array', keySize: 4, maxEntries: 1, flags: mapFlags.mmapable } as const;

/** Bytes that this process has read by now. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/u.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

function runsOf(object: BpfObject): readonly number[] {
  return asU32(object.maps.get('.bss')?.lookup(u32(0)) ?? new Uint8Array(0));
}

/** Loads it twice; the second must not read the kernel's BTF, which is megabytes. */
function loadTwice(opts: LoadOptions): BpfObject {
  loadObject(beside, opts)[Symbol.dispose]();
  const before = bytesRead();
  const object = loadObject(beside, opts);
  expect(bytesRead() - before).toBeLessThan(1_000_000);
  return object;
}

test('the kernel has the same maps and programs', () => {
  const described = (object: BpfObject): unknown => ({
    maps: [...object.maps].map(([name, { spec }]) => [name, spec]),
    programs: [...object.programs].map(([name, { type, tag, insnCount, mapIds }]) => [
      name,
      type,
      tag,
      insnCount,
      mapIds.length,
    ]),
    tables: object.maps.get('.data.tables')?.lookup(u32(0)),
  });
  using first = loadObject(beside);
  first.programs.get('first')?.testRun(frame(60));
  using second = loadTwice({});
  expect(described(second)).toEqual(described(first));
  expect(second.maps.get('seen')?.id).not.toBe(first.maps.get('seen')?.id);
  expect(runsOf(second)).toEqual([0, 0]);
  second.programs.get('first')?.testRun(frame(JUMBO));
  second.programs.get('second')?.testRun(frame(60));
  expect([runsOf(first), runsOf(second)]).toEqual([
    [1, 0],
    [1, 1],
  ]);
  expect(second.maps.get('seen')?.lookup(u32(0))).toEqual(u64(1n));
});

test('read-only data is that of the load, and stays so', () => {
  loadTwice({ rodata: { step: u32(5) } })[Symbol.dispose]();
  using object = loadTwice({ rodata: { step: u32(7) } });
  object.programs.get('second')?.testRun(frame(60));
  expect(runsOf(object)).toEqual([0, 7]);
  const rodata = object.maps.get('.rodata');
  expectCode('EPERM', () => rodata?.update(u32(0), new Uint8Array(rodata.spec.valueSize)));
});

test('maps that are replaced may be others, of other sizes', () => {
  for (const [size, value] of [
    [64, 1],
    [5000, 2],
  ] as const) {
    using tables = createMap({ ...TABLES, valueSize: size });
    tables.mmap()[0] = value;
    using seen = createMap({ name: 'seen', type: 'array', keySize: 4, valueSize: 8, maxEntries: size });
    using object = loadTwice({ maps: { '.data.tables': tables, seen } });
    expect(object.programs.get('first')?.testRun(frame(60)).retval).toBe(value);
    expect(object.maps.get('.data.tables')?.id).toBe(tables.id);
    expect(seen.lookup(u32(0))).toEqual(u64(1n));
  }
  using wide = createMap({ name: 'seen', type: 'array', keySize: 4, valueSize: 16, maxEntries: 1 });
  expectCode('EMISMATCH', () => loadObject(beside, { maps: { seen: wide } }));
});

test('sizes, names and programs that are asked for', () => {
  for (const size of [2, 3]) {
    using object = loadTwice({ maxEntries: { seen: size }, name: `other${size}`, programs: ['second'] });
    expect(object.maps.get('seen')?.spec.maxEntries).toBe(size);
    expect(object.maps.get('.bss')?.spec.name).toBe(`other${size}.bss`);
    expect([...object.programs.keys()]).toEqual(['second']);
  }
  expectCode('EINVAL', () => loadObject(beside, { programs: ['third'] }));
  expectCode('EINVAL', () => loadObject(beside, { maxEntries: { nothing: 1 } }));
  expectCode('ESIZE', () => loadObject(beside, { rodata: { step: u64(1n) } }));
});

test('a program that is refused only now says why', () => {
  loadTwice({ rodata: { refused: u32(0) } })[Symbol.dispose]();
  const error = bpfError(() => loadObject(beside, { rodata: { refused: u32(2) } }));
  expect(error).toMatchObject({ code: 'EACCES', target: 'beside.bpf' });
  expect(error.message).toContain("prog 'second'");
  expect(error.verifierLog).toContain('invalid access to packet');
});

test('an array that the object fills is filled each time', () => {
  for (let round = 0; round < 3; round++) {
    using object = loadObject(objectFile('tail'));
    expect(object.programs.get('caller')?.testRun(frame(60)).retval).toBe(3);
  }
});

test('bytes that were changed are another object', () => {
  const bytes = readFileSync(beside);
  loadObject(bytes)[Symbol.dispose]();
  bytes.writeUInt8(9, bytes.indexOf(Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0)));
  using object = loadObject(bytes);
  expect(object.programs.get('first')?.testRun(frame(60)).retval).toBe(9);
});
