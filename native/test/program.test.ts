import {
  type BpfObject,
  type BpfProgram,
  createMap,
  loadObject,
  openPinnedMap,
  openPinnedProgram,
  openProgramById,
  possibleCpus,
  unlinkPin,
} from 'libbpf-ts-bindings';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  asU32,
  bpfError,
  expectCode,
  expectNoLeaks,
  frame,
  objectFile,
  pinDirectory,
  u32,
  vethPair,
} from './support.ts';

expectNoLeaks();

const XDP_DROP = 1;
const XDP_PASS = 2;
const XDP_TX = 3;

let object: BpfObject;
beforeAll(() => {
  object = loadObject(objectFile('probes'));
});
afterAll(() => object[Symbol.dispose]());

function program(name: string): BpfProgram {
  const found = object.programs.get(name);
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
}

describe('facts', () => {
  test('of a program', () => {
    const drop = program('drop');
    expect(drop).toMatchObject({ name: 'drop', type: 'xdp', closed: false });
    expect(drop.id).toBeGreaterThan(0);
    expect(drop.tag).toMatch(/^[0-9a-f]{16}$/u);
    expect(drop.insnCount).toBe(2);
    expect(drop.verifiedInsns).toBe(2);
    expect(drop.loadTime).toBeGreaterThan(0n);
    expect(program('emit').mapIds).toContain(object.maps.get('ring')?.id);
  });

  test('a bound map belongs to it', () => {
    using extra = createMap({ name: 'extra', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
    const accept = program('accept');
    accept.bindMap(extra);
    expect(accept.mapIds).toContain(extra.id);
    expectCode('EINVAL', () => accept.bindMap(accept as never));
  });

  test('a handle by id', () => {
    using drop = openProgramById(program('drop').id);
    expect(drop).toMatchObject({ name: 'drop', id: program('drop').id, tag: program('drop').tag, closed: false });
    expect(drop.testRun(frame(60)).retval).toBe(XDP_DROP);
    expectCode('ENOENT', () => openProgramById(2 ** 31));
    expectCode('EINVAL', () => openProgramById(-1));
  });
});

describe('testRun', () => {
  test('the verdict and the times', () => {
    const result = program('drop').testRun(frame(60));
    expect(result.retval).toBe(XDP_DROP);
    expect(result.elapsedNs).toBeGreaterThan(0);
    expect(result.cpuNs).toBeGreaterThan(0);
    expect(result.cpuNs).toBeLessThanOrEqual(result.elapsedNs + 1e6);
    expect(result.dataOut).toBeUndefined();
    expect(program('shoot').testRun(frame(60)).retval).toBe(2);
  });

  test('repeats count', () => {
    const hits = object.maps.get('hits');
    const total = (): number => {
      const bytes = hits?.lookup(u32(0)) ?? new Uint8Array(0);
      return asU32(bytes)
        .filter((_, i) => i % 2 === 0)
        .reduce((sum, n) => sum + n, 0);
    };
    const before = total();
    program('keep_record').testRun(frame(60), { repeat: 1000 });
    expect(total() - before).toBe(1000);
  });

  test('runs on the CPU that is asked for', () => {
    const hits = object.maps.get('hits');
    const cpu = possibleCpus() - 1;
    const mine = (): number => asU32(hits?.lookup(u32(0)) ?? new Uint8Array(0))[2 * cpu] ?? 0;
    const before = mine();
    program('keep_record').testRun(frame(60), { repeat: 50, cpu });
    expect(mine() - before).toBe(50);
    expectCode('EINVAL', () => program('drop').testRun(frame(60), { cpu: 1023 }));
    expectCode('EINVAL', () => program('drop').testRun(frame(60), { cpu: 4096 }));
  });

  test('the packet as the program leaves it', () => {
    const { retval, dataOut } = program('shorten').testRun(frame(60, 1, 2, 3), { dataOut: 100 });
    expect(retval).toBe(XDP_TX);
    expect(dataOut).toEqual(frame(56, 1, 2, 3));
    expectCode('ENOSPC', () => program('shorten').testRun(frame(60), { dataOut: 20 }));
  });

  test('a context', () => {
    using pair = vethPair();
    const context = u32(0, 60, 0, pair.index, 0, 0);
    program('remember_interface').testRun(frame(60), { ctxIn: context });
    expect(object.maps.get('seen')?.delete(u32(pair.index))).toBe(true);
    expectCode('EINVAL', () => program('drop').testRun(frame(60), { ctxIn: u32(0, 61, 0, 0, 0, 0) }));
  });

  test('live frames', () => {
    const { retval } = program('drop').testRun(frame(60), { repeat: 256, liveFrames: true, batchSize: 16 });
    expect(retval).toBe(0);
    expectCode('EINVAL', () => program('drop').testRun(frame(60), { liveFrames: true, dataOut: 100 }));
  });

  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['no packet', () => program('drop').testRun(undefined as never)],
    ['no repeat', () => program('drop').testRun(frame(60), { repeat: 0 })],
    ['a text for a switch', () => program('drop').testRun(frame(60), { liveFrames: 'yes' as never })],
    ['options that are none', () => program('drop').testRun(frame(60), 5 as never)],
    ['a packet shorter than an Ethernet header', () => program('drop').testRun(frame(13))],
  ];
  for (const [name, call] of wrong) test(`refuses ${name}`, () => expectCode('EINVAL', call));

  test('an option that disposes the program', () => {
    const handle = openProgramById(program('drop').id);
    const opts = {
      get repeat(): number {
        handle[Symbol.dispose]();
        return 1;
      },
    };
    expectCode('ECLOSED', () => handle.testRun(frame(60), opts));
  });
});

describe('testRunMany', () => {
  const packets = new Uint8Array(300);

  test('a verdict and a record per packet', () => {
    const bss = object.maps.get('.bss');
    if (bss === undefined) throw new Error('no .bss');
    const [offsets, lengths] = [Uint32Array.of(0, 60, 100), Uint32Array.of(60, 64, 200)];
    const result = program('keep_record').testRunMany(packets, offsets, lengths, { record: { map: bss, length: 8 } });
    expect(result.retvals).toEqual(Uint32Array.of(XDP_PASS, XDP_PASS, XDP_PASS));
    expect(asU32(result.records ?? new Uint8Array(0)).filter((_, i) => i % 2 === 0)).toEqual([60, 64, 200]);
    const tail = { record: { map: bss, length: 4, offset: 4 } };
    const marks = program('keep_record').testRunMany(packets, offsets, lengths, tail).records;
    expect(asU32(marks ?? new Uint8Array(0))).toEqual([7 + 108, 7 + 108, 7 + 108]);
    expect(result.elapsedNs).toBeGreaterThan(0);
  });

  test('a context per packet', () => {
    using pair = vethPair();
    const contexts = u32(...[0, 60, 0, pair.index, 0, 0], ...[0, 60, 0, pair.peerIndex, 0, 0]);
    const [offsets, lengths] = [Uint32Array.of(0, 60), Uint32Array.of(60, 60)];
    const result = program('remember_interface').testRunMany(packets, offsets, lengths, { ctxIn: contexts });
    expect(result.records).toBeUndefined();
    expect(object.maps.get('seen')?.delete(u32(pair.index))).toBe(true);
    expect(object.maps.get('seen')?.delete(u32(pair.peerIndex))).toBe(true);
    const odd = { ctxIn: contexts.slice(1) };
    expectCode('ESIZE', () => program('drop').testRunMany(packets, offsets, lengths, odd));
  });

  test('none at all', () => {
    const { retvals } = program('drop').testRunMany(packets, new Uint32Array(0), new Uint32Array(0));
    expect(retvals.length).toBe(0);
  });

  test('a packet that the kernel refuses says which', () => {
    const run = () => program('drop').testRunMany(packets, Uint32Array.of(0, 0), Uint32Array.of(60, 5));
    expect(bpfError(run)).toMatchObject({ code: 'EINVAL', done: 1 });
  });

  test('lengths that do not fit', () => {
    const one = Uint32Array.of(0);
    expectCode('ESIZE', () => program('drop').testRunMany(packets, one, Uint32Array.of(301)));
    expectCode('ESIZE', () => program('drop').testRunMany(packets, Uint32Array.of(2 ** 32 - 1), one));
    expectCode('ESIZE', () => program('drop').testRunMany(packets, one, new Uint32Array(2)));
    expectCode('EINVAL', () => program('drop').testRunMany(packets, [0] as never, one));
  });

  test('a record that does not fit', () => {
    const [one, sixty] = [Uint32Array.of(0), Uint32Array.of(60)];
    const record = (map: string, length: number) => ({ record: { map: object.maps.get(map) as never, length } });
    expectCode('ESIZE', () => program('drop').testRunMany(packets, one, sixty, record('.bss', 9)));
    expectCode('EINVAL', () => program('drop').testRunMany(packets, one, sixty, record('hits', 4)));
    expectCode('EINVAL', () => program('drop').testRunMany(packets, one, sixty, record('.bss', 0)));
    expectCode('EINVAL', () => program('drop').testRunMany(packets, one, sixty, record('nobody', 4)));
  });
});

describe('lifetime', () => {
  test('pins', () => {
    using pins = pinDirectory();
    program('drop').pin(`${pins.path}/drop`);
    object.maps.get('hits')?.pin(`${pins.path}/hits`);
    using drop = openPinnedProgram(`${pins.path}/drop`);
    expect(drop.id).toBe(program('drop').id);
    expectCode('EMISMATCH', () => openPinnedProgram(`${pins.path}/hits`));
    expectCode('ENOENT', () => openPinnedProgram(`${pins.path}/dorp`));
    expectCode('EEXIST', () => program('drop').pin(`${pins.path}/drop`));

    using hits = openPinnedMap(`${pins.path}/hits`, { type: 'percpu_array', keySize: 4, maxEntries: 4 });
    expect(hits.id).toBe(object.maps.get('hits')?.id);
    const wanted = { name: 'hits', type: 'array', keySize: 4, valueSize: 8, maxEntries: 5, flags: 1 } as const;
    const error = bpfError(() => openPinnedMap(`${pins.path}/hits`, wanted));
    expect(error.code).toBe('EMISMATCH');
    expect(error.message).toMatch(
      /type is percpu_array, wanted array, valueSize is 4, wanted 8, maxEntries is 4, wanted 5, flags is 0, wanted 1/u,
    );
    expectCode('EMISMATCH', () => openPinnedMap(`${pins.path}/drop`));
    expect(unlinkPin(`${pins.path}/drop`)).toBe(true);
    expect(unlinkPin(`${pins.path}/drop`)).toBe(false);
  });

  const calls: readonly (readonly [string, (closed: BpfProgram) => unknown])[] = [
    ['mapIds', (closed) => closed.mapIds],
    ['testRun', (closed) => closed.testRun(frame(60))],
    ['testRunMany', (closed) => closed.testRunMany(frame(60), Uint32Array.of(0), Uint32Array.of(60))],
    ['attachXdp', (closed) => closed.attachXdp(1, 'generic')],
    ['attachTcx', (closed) => closed.attachTcx(1, 'ingress')],
    ['bindMap', (closed) => closed.bindMap(object.maps.get('hits') as never)],
    ['pin', (closed) => closed.pin('/nowhere')],
  ];
  for (const [name, call] of calls) {
    test(`${name} after dispose`, () => {
      const closed = openProgramById(program('drop').id);
      closed[Symbol.dispose]();
      closed[Symbol.dispose]();
      expect([closed.closed, closed.name, closed.insnCount]).toEqual([true, 'drop', 2]);
      expectCode('ECLOSED', () => call(closed));
    });
  }
});
