import { readFileSync } from 'node:fs';
import { createMap, inspectObject, loadObject, mapFlags, possibleCpus } from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { asU32, bpfError, expectCode, expectNoLeaks, frame, objectFile, u32, u64 } from './support.ts';

expectNoLeaks();

const probes = objectFile('probes');
const tables = { name: 'tables', type: 'array', keySize: 4, maxEntries: 1, flags: mapFlags.mmapable } as const;

function variable(name: string): { readonly section: string; readonly offset: number; readonly size: number } {
  const found = inspectObject(probes).variables.find((v) => v.name === name);
  if (found === undefined) throw new Error(`no variable ${name}`);
  return found;
}

describe('inspectObject', () => {
  const spec = inspectObject(probes);

  test('maps by their ELF names', () => {
    expect(spec.maps.map((map) => map.name).sort()).toEqual(
      ['.bss', '.data', '.data.tables', '.rodata', 'hits', 'ring', 'seen'].sort(),
    );
    const hits = { name: 'hits', type: 'percpu_array', keySize: 4, valueSize: 4, maxEntries: 4, flags: 0 };
    expect(spec.maps).toContainEqual(hits);
    expect(spec.maps).toContainEqual(expect.objectContaining({ name: 'seen', flags: mapFlags.noPrealloc }));
  });

  test('programs', () => {
    expect(spec.programs).toContainEqual({ name: 'drop', section: 'xdp', type: 'xdp' });
    expect(spec.programs).toContainEqual({ name: 'accept', section: 'tc', type: 'sched_cls' });
  });

  test('variables, without what is no memory', () => {
    expect(variable('last')).toMatchObject({ section: '.bss', size: 8 });
    expect(variable('initial')).toMatchObject({ section: '.data', offset: 0, size: 8 });
    expect(variable('tables')).toMatchObject({ section: '.data.tables', offset: 0, size: 64 });
    expect(variable('label')).toMatchObject({ section: '.rodata', size: 6 });
    const sections = new Set(spec.variables.map((v) => v.section));
    expect([...sections].sort()).toEqual(['.bss', '.data', '.data.tables', '.rodata']);
  });

  test('variables have their initial content', () => {
    const contentOf = (name: string): unknown => spec.variables.find((v) => v.name === name)?.content;
    expect(contentOf('mark')).toEqual(u32(7));
    expect(contentOf('initial')).toEqual(u64(5n));
    expect(contentOf('last')).toEqual(new Uint8Array(8));
    expect(contentOf('tables')).toEqual(Uint8Array.of(1, 2, 3, ...new Uint8Array(61)));
  });

  test('name and license', () => {
    expect(spec).toMatchObject({ name: 'probes.bpf', license: 'GPL' });
  });

  test('bytes instead of a path', () => {
    expect(inspectObject(readFileSync(probes))).toEqual({ ...spec, name: 'object' });
  });

  test('what is no object', () => {
    expect(bpfError(() => inspectObject('/nowhere.o'))).toMatchObject({ code: 'ENOENT', target: '/nowhere.o' });
    expect(bpfError(() => inspectObject('/nowhere.o')).cause).toBeInstanceOf(Error);
    expect(bpfError(() => inspectObject(new Uint8Array(64))).message).toMatch(/elf/iu);
    expectCode('ELIBBPF', () => inspectObject(new Uint8Array(64)));
    expectCode('EINVAL', () => inspectObject(5 as never));
    expectCode('EINVAL', () => loadObject(probes, null as never));
  });
});

describe('loadObject', () => {
  test('maps and programs by name', () => {
    using object = loadObject(probes);
    expect([...object.maps.keys()].sort()).toEqual(
      ['.bss', '.data', '.data.tables', '.rodata', 'hits', 'ring', 'seen'].sort(),
    );
    expect(object.programs.get('drop')?.type).toBe('xdp');
    expect(object.maps.get('.data.tables')?.lookup(u32(0))?.slice(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(object.verifierLog).toBe('');
    using named = loadObject(probes, { name: 'other', programs: [] });
    expect(named.maps.get('.bss')?.spec.name).toBe('other.bss');
  });

  test('rodata is set before the verifier sees it', () => {
    using object = loadObject(probes, { rodata: { mark: u32(100), label: Uint8Array.of(1, 0, 0, 0, 0, 0) } });
    object.programs.get('keep_record')?.testRun(frame(60));
    expect(asU32(object.maps.get('.bss')?.lookup(u32(0)) ?? new Uint8Array(0))).toEqual([60, 101]);
  });

  test('rodata by exact name and size', () => {
    expectCode('EINVAL', () => loadObject(probes, { rodata: { marc: u32(1) } }));
    expectCode('EINVAL', () => loadObject(probes, { rodata: { initial: new Uint8Array(8) } }));
    expectCode('ESIZE', () => loadObject(probes, { rodata: { mark: new Uint8Array(8) } }));
    expectCode('EINVAL', () => loadObject(probes, { rodata: { mark: 1 as never } }));
  });

  test('only the programs that are asked for', () => {
    using object = loadObject(probes, { programs: ['drop'] });
    expect([...object.programs.keys()]).toEqual(['drop']);
    expectCode('EINVAL', () => loadObject(probes, { programs: ['dorp'] }));
    expectCode('EINVAL', () => loadObject(probes, { programs: 'drop' as never }));
  });

  test('other sizes', () => {
    using object = loadObject(probes, { maxEntries: { hits: 9 } });
    expect(object.maps.get('hits')?.spec.maxEntries).toBe(9);
    expect(object.maps.get('hits')?.valueStride).toBe(8 * possibleCpus());
    expectCode('EINVAL', () => loadObject(probes, { maxEntries: { hist: 9 } }));
    expectCode('EINVAL', () => loadObject(probes, { maxEntries: { hits: 0 } }));
  });

  test('a verifier log on request', () => {
    using object = loadObject(probes, { programs: ['drop', 'emit'], logLevel: 4 });
    expect(object.verifierLog.match(/processed \d+ insns/gu)).toHaveLength(2);
    expectCode('EINVAL', () => loadObject(probes, { logLevel: 8 }));
  });

  test('a refused program says why and leaves nothing', () => {
    const error = bpfError(() => loadObject(objectFile('refused')));
    expect(error).toMatchObject({ code: 'EACCES', errno: 13, op: 'object_load', target: 'refused.bpf' });
    expect(error.verifierLog).toMatch(/invalid access to packet/u);
    expect(error.message).toMatch(/careless/u);
    using object = loadObject(objectFile('refused'), { programs: ['fine'] });
    expect(object.programs.size).toBe(1);
  });
});

describe('replaced maps', () => {
  test('of the program', () => {
    using shared = createMap({ name: 'shared', type: 'hash', keySize: 4, valueSize: 8, maxEntries: 5 });
    using object = loadObject(probes, { maps: { seen: shared } });
    expect(object.maps.get('seen')?.id).toBe(shared.id);
    object.programs.get('remember_interface')?.testRun(frame(60));
    expect(shared.lookupBatch().count).toBe(1);
  });

  for (const size of [16, 64, 5000, 1 << 20]) {
    test(`of a section, ${size} bytes`, () => {
      using exact = createMap({ ...tables, valueSize: size });
      exact.mmap()[Math.min(size, 1 << 16) - 1] = 3;
      using object = loadObject(probes, { maps: { '.data.tables': exact }, rodata: { table_size: u32(size) } });
      expect(object.maps.get('.data.tables')?.id).toBe(exact.id);
      const last = Math.min(size, 1 << 16) - 1;
      const read = object.programs.get('read_table');
      expect(read?.testRun(frame(60, last & 255, last >> 8)).retval).toBe(3);
      expect(read?.testRun(frame(60, 0, 0)).retval).toBe(0);
    });
  }

  test('the verifier knows the size of the replacement', () => {
    using small = createMap({ ...tables, valueSize: 16 });
    const error = bpfError(() => loadObject(probes, { maps: { '.data.tables': small }, programs: ['read_table'] }));
    expect(error.code).toBe('EACCES');
    expect(error.verifierLog).toMatch(/value_size=16/u);
  });

  test('mappings of the process are as before', () => {
    const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('\n').length;
    const once = (size: number): void => {
      using exact = createMap({ ...tables, valueSize: size });
      using _ = loadObject(probes, { maps: { '.data.tables': exact }, rodata: { table_size: u32(size) } });
    };
    once(1 << 20);
    const before = mappings();
    for (let round = 0; round < 20; round++) once(1 << 20);
    expect(mappings() - before).toBeLessThan(10);
  });

  test('that do not fit', () => {
    using wide = createMap({ name: 'wide', type: 'array', keySize: 4, valueSize: 16, maxEntries: 2 });
    const error = bpfError(() => loadObject(probes, { maps: { seen: wide } }));
    expect(error.code).toBe('EMISMATCH');
    expect(error.message).toMatch(/type is array, wanted hash, valueSize is 16, wanted 8/u);
    expectCode('EMISMATCH', () => loadObject(probes, { maps: { '.data.tables': wide } }));
    expectCode('EINVAL', () => loadObject(probes, { maps: { nobody: wide } }));
    expectCode('EINVAL', () => loadObject(probes, { maps: { seen: {} as never } }));
    wide[Symbol.dispose]();
    expectCode('ECLOSED', () => loadObject(probes, { maps: { seen: wide } }));
  });
});

describe('lifetime', () => {
  test('the object closes its children, twice is fine', () => {
    const object = loadObject(probes);
    const map = object.maps.get('hits');
    const program = object.programs.get('drop');
    object[Symbol.dispose]();
    object[Symbol.dispose]();
    expect([object.closed, map?.closed, program?.closed]).toEqual([true, true, true]);
    expectCode('ECLOSED', () => map?.lookup(u32(0)));
    expectCode('ECLOSED', () => program?.testRun(frame(60)));
  });
});
