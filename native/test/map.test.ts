import { type BpfMap, createMap, mapFlags, openMapById, possibleCpus } from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { asU32, bpfError, expectCode, expectNoLeaks, u32, u64 } from './support.ts';

expectNoLeaks();

const array = { name: 'numbers', type: 'array', keySize: 4, valueSize: 4, maxEntries: 3 } as const;
const hash = { name: 'names', type: 'hash', keySize: 4, valueSize: 8, maxEntries: 3 } as const;
const mmapable = { ...array, flags: mapFlags.mmapable };

describe('createMap', () => {
  test('the spec is what was asked for', () => {
    using map = createMap({ ...hash, flags: mapFlags.noPrealloc });
    expect(map.spec).toEqual({ ...hash, flags: mapFlags.noPrealloc });
    expect(map.id).toBeGreaterThan(0);
    expect(map.valueStride).toBe(8);
  });

  test('a per-CPU value has one padded slot per possible CPU', () => {
    using map = createMap({ ...array, type: 'percpu_array' });
    expect(map.valueStride).toBe(8 * possibleCpus());
  });

  test('the kernel refuses', () => {
    const error = bpfError(() => createMap({ ...array, keySize: 8 }));
    expect(error).toMatchObject({ name: 'BpfError', code: 'EINVAL', errno: 22, op: 'map_create', target: 'numbers' });
  });

  const wrong: readonly (readonly [string, unknown])[] = [
    ['no spec', undefined],
    ['a type that is not a string', { ...array, type: 2 }],
    ['an unknown type', { ...array, type: 'carpet' }],
    ['a negative size', { ...array, valueSize: -1 }],
    ['a fraction', { ...array, maxEntries: 1.5 }],
    ['a size above 32 bits', { ...array, maxEntries: 2 ** 32 }],
    ['a name of 16 bytes', { ...array, name: 'sixteen_letters_' }],
    ['a name with a NUL', { ...array, name: 'a\0b' }],
    ['an inner map that is none', { ...array, innerMap: {} }],
  ];
  for (const [name, spec] of wrong) {
    test(`refuses ${name}`, () => {
      expect(bpfError(() => createMap(spec as never))).toMatchObject({ code: 'EINVAL', errno: 0 });
    });
  }
});

describe('elements', () => {
  test('update, lookup and delete', () => {
    using map = createMap(hash);
    expect(map.lookup(u32(1))).toBeUndefined();
    map.update(u32(1), u64(11n));
    expect(map.lookup(u32(1))).toEqual(u64(11n));
    expect(map.delete(u32(1))).toBe(true);
    expect(map.delete(u32(1))).toBe(false);
    expect(map.lookup(u32(1))).toBeUndefined();
  });

  test('update modes', () => {
    using map = createMap(hash);
    expectCode('ENOENT', () => map.update(u32(1), u64(1n), 'exist'));
    map.update(u32(1), u64(1n), 'noexist');
    expectCode('EEXIST', () => map.update(u32(1), u64(2n), 'noexist'));
    map.update(u32(1), u64(3n), 'exist');
    map.update(u32(1), u64(4n), 'any');
    expect(map.lookup(u32(1))).toEqual(u64(4n));
    expectCode('EINVAL', () => map.update(u32(1), u64(1n), 'perhaps' as never));
  });

  test('a full map', () => {
    using map = createMap(hash);
    for (const key of [1, 2, 3]) map.update(u32(key), u64(0n));
    expect(bpfError(() => map.update(u32(4), u64(0n)))).toMatchObject({ code: 'E2BIG', op: 'map_update_elem' });
  });

  test('nextKey and entries walk every element once', () => {
    using map = createMap(hash);
    expect(map.nextKey()).toBeUndefined();
    expect([...map.entries()]).toEqual([]);
    for (const key of [1, 2, 3]) map.update(u32(key), u64(BigInt(key)));
    const found = [...map.entries()].map(([key, value]) => [...asU32(key), ...asU32(value)]);
    expect(found.sort()).toEqual([
      [1, 1, 0],
      [2, 2, 0],
      [3, 3, 0],
    ]);
  });

  test('elements of a map that cannot lose them', () => {
    using map = createMap(array);
    expectCode('EINVAL', () => map.delete(u32(0)));
    expect(map.lookup(u32(3))).toBeUndefined();
    expectCode('E2BIG', () => map.update(u32(3), u32(0)));
  });

  test('a map of maps takes maps', () => {
    using inner = createMap(array);
    using outer = createMap({ ...array, name: 'outer', type: 'array_of_maps', innerMap: inner });
    outer.update(u32(0), inner);
    expect(outer.lookup(u32(0))).toEqual(u32(inner.id));
    expectCode('EINVAL', () => outer.update(u32(0), u32(inner.id)));
    expectCode('EINVAL', () => outer.updateBatch(u32(0), u32(inner.id)));
  });
});

describe('lengths are exact', () => {
  const calls: readonly (readonly [string, (map: BpfMap) => unknown])[] = [
    ['lookup, short key', (map) => map.lookup(new Uint8Array(3))],
    ['lookup, long key', (map) => map.lookup(new Uint8Array(5))],
    ['update, key', (map) => map.update(new Uint8Array(3), u64(0n))],
    ['update, value', (map) => map.update(u32(0), new Uint8Array(7))],
    ['delete', (map) => map.delete(new Uint8Array(0))],
    ['nextKey', (map) => map.nextKey(new Uint8Array(8))],
    ['updateBatch, keys', (map) => map.updateBatch(new Uint8Array(5), u64(0n))],
    ['updateBatch, values', (map) => map.updateBatch(u32(1, 2), u64(0n))],
  ];
  for (const [name, call] of calls) {
    test(name, () => {
      using map = createMap(hash);
      expectCode('ESIZE', () => call(map));
    });
  }

  test('a detached key has no bytes', () => {
    using map = createMap(hash);
    const key = u32(1);
    structuredClone(key.buffer, { transfer: [key.buffer as ArrayBuffer] });
    expectCode('ESIZE', () => map.lookup(key));
  });

  for (const notBytes of [undefined, null, 1, 'text', [0, 0, 0, 0], {}, new Uint32Array(1), new ArrayBuffer(4)]) {
    test(`a key is a Uint8Array, not ${Object.prototype.toString.call(notBytes)}`, () => {
      using map = createMap(hash);
      expectCode('EINVAL', () => map.lookup(notBytes as never));
    });
  }
});

describe('batches', () => {
  test('an array is read whole', () => {
    using map = createMap(array);
    map.updateBatch(u32(0, 1, 2), u32(10, 11, 12));
    expect(map.lookupBatch()).toEqual({ count: 3, keys: u32(0, 1, 2), values: u32(10, 11, 12) });
  });

  test('a per-CPU array is read whole', () => {
    using map = createMap({ ...array, type: 'percpu_array' });
    const value = new Uint8Array(map.valueStride);
    for (let cpu = 0; cpu < possibleCpus(); cpu++) value.set(u32(cpu + 1), 8 * cpu);
    map.update(u32(1), value);
    const { count, keys, values } = map.lookupBatch();
    expect(count).toBe(3);
    expect(keys).toEqual(u32(0, 1, 2));
    expect(values.slice(map.valueStride, 2 * map.valueStride)).toEqual(value);
    expect(values.slice(0, map.valueStride)).toEqual(new Uint8Array(map.valueStride));
  });

  test('of an array the first entries', () => {
    using map = createMap(array);
    map.updateBatch(u32(0, 1, 2), u32(10, 11, 12));
    expect(map.lookupBatch(2)).toEqual({ count: 2, keys: u32(0, 1), values: u32(10, 11) });
    expect(map.lookupBatch(4).count).toBe(3);
    expectCode('EINVAL', () => map.lookupBatch(0));
    using table = createMap(hash);
    expectCode('EINVAL', () => table.lookupBatch(2));
  });

  test('a hash table of many chunks is read whole', () => {
    const entries = 20000;
    using map = createMap({ ...hash, maxEntries: entries });
    const keys = Array.from({ length: entries }, (_, i) => i * 7);
    map.updateBatch(u32(...keys), u64(...keys.map(BigInt)));
    const found = map.lookupBatch();
    expect(found.count).toBe(entries);
    expect([...asU32(found.keys)].sort((a, b) => a - b)).toEqual(keys);
    expect(found.values.length).toBe(8 * entries);
  });

  test('empty ones', () => {
    using map = createMap(hash);
    map.updateBatch(new Uint8Array(0), new Uint8Array(0));
    expect(map.lookupBatch()).toEqual({ count: 0, keys: new Uint8Array(0), values: new Uint8Array(0) });
  });

  test('a trie is read whole', () => {
    using map = createMap({ ...hash, type: 'lpm_trie', keySize: 8, flags: mapFlags.noPrealloc });
    map.update(u32(8, 10), u64(1n));
    map.update(u32(32, 10), u64(2n));
    expect(map.lookupBatch().count).toBe(2);
  });

  test('a failed batch says how many are in', () => {
    using map = createMap(hash);
    const error = bpfError(() => map.updateBatch(u32(1, 2, 3, 4, 5), u64(0n, 0n, 0n, 0n, 0n)));
    expect(error).toMatchObject({ code: 'E2BIG', done: 3, op: 'map_update_batch' });
    expect(map.lookupBatch().count).toBe(3);
  });

  test('a map without batches', () => {
    using map = createMap({ name: 'line', type: 'queue', keySize: 0, valueSize: 4, maxEntries: 2 });
    expectCode('ENOTSUPP', () => map.lookupBatch());
  });
});

describe('mmap', () => {
  test('is the memory of the map', () => {
    using map = createMap(mmapable);
    const memory = map.mmap();
    expect(memory.length).toBe(2 * 8 + 4);
    memory.set(u32(77), 8);
    expect(map.lookup(u32(1))).toEqual(u32(77));
    map.update(u32(2), u32(78));
    expect(memory.slice(16)).toEqual(u32(78));
    expect(map.mmap().buffer).toBe(memory.buffer);
  });

  test('dispose detaches it', () => {
    const map = createMap(mmapable);
    const memory = map.mmap();
    map[Symbol.dispose]();
    expect(memory.length).toBe(0);
    expect(memory[0]).toBeUndefined();
    expect(memory.buffer.byteLength).toBe(0);
  });

  test('memory that JavaScript moved elsewhere stays mapped there', () => {
    const map = createMap(mmapable);
    const { buffer } = map.mmap();
    map.update(u32(0), u32(5));
    const moved = new Uint8Array(structuredClone(buffer as ArrayBuffer, { transfer: [buffer as ArrayBuffer] }));
    map[Symbol.dispose]();
    expect(moved.slice(0, 4)).toEqual(u32(5));
  });

  test('needs the flag', () => {
    using map = createMap(array);
    expectCode('EINVAL', () => map.mmap());
  });

  test('a frozen map is not writable and a mapped one not frozen', () => {
    using frozen = createMap(mmapable);
    frozen.freeze();
    expectCode('EPERM', () => frozen.mmap());
    expectCode('EPERM', () => frozen.update(u32(0), u32(0)));
    using mapped = createMap(mmapable);
    mapped.mmap();
    expectCode('EBUSY', () => mapped.freeze());
  });
});

describe('lifetime', () => {
  test('two handles of one map are independent', () => {
    using first = createMap(array);
    const second = openMapById(first.id);
    first.update(u32(0), u32(9));
    expect(second.lookup(u32(0))).toEqual(u32(9));
    second[Symbol.dispose]();
    expect(first.lookup(u32(0))).toEqual(u32(9));
    expectCode('ENOENT', () => openMapById(2 ** 31));
  });

  test('facts outlive dispose', () => {
    const map = createMap(array);
    const { id } = map;
    map[Symbol.dispose]();
    map[Symbol.dispose]();
    expect([map.closed, map.id, map.spec.name, map.valueStride]).toEqual([true, id, 'numbers', 4]);
  });

  const calls: readonly (readonly [string, (map: BpfMap) => unknown])[] = [
    ['lookup', (map) => map.lookup(u32(0))],
    ['update', (map) => map.update(u32(0), u32(0))],
    ['delete', (map) => map.delete(u32(0))],
    ['nextKey', (map) => map.nextKey()],
    ['entries', (map) => map.entries()],
    ['lookupBatch', (map) => map.lookupBatch()],
    ['updateBatch', (map) => map.updateBatch(u32(0), u32(0))],
    ['mmap', (map) => map.mmap()],
    ['freeze', (map) => map.freeze()],
    ['pin', (map) => map.pin('/nowhere')],
  ];
  for (const [name, call] of calls) {
    test(`${name} after dispose`, () => {
      const map = createMap(mmapable);
      map[Symbol.dispose]();
      expectCode('ECLOSED', () => call(map));
    });
  }

  test('a closed map is no argument', () => {
    using inner = createMap(array);
    using outer = createMap({ ...array, type: 'array_of_maps', innerMap: inner });
    inner[Symbol.dispose]();
    expectCode('ECLOSED', () => outer.update(u32(0), inner));
    expectCode('ECLOSED', () => createMap({ ...array, type: 'array_of_maps', innerMap: inner }));
  });
});
