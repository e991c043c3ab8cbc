import { type BpfObject, createMap, loadObject, RingBuffer } from 'libbpf-ts-bindings';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { asU32, expectCode, expectNoLeaks, frame, objectFile } from './support.ts';

expectNoLeaks();

let object: BpfObject;
beforeAll(() => {
  object = loadObject(objectFile('probes'));
});
afterAll(() => object[Symbol.dispose]());

function emit(...lengths: readonly number[]): void {
  for (const length of lengths) object.programs.get('emit')?.testRun(frame(length));
}

function ringOf(onRecord: (bytes: Uint8Array) => void): RingBuffer {
  const map = object.maps.get('ring');
  if (map === undefined) throw new Error('no ring');
  return new RingBuffer(map, onRecord);
}

test('records arrive on the event loop, in order', async () => {
  const got: number[] = [];
  using ring = ringOf((bytes) => got.push(asU32(bytes)[0] ?? 0));
  emit(60, 61, 62);
  expect(got).toEqual([]);
  await vi.waitUntil(() => got.length === 3);
  emit(63);
  await vi.waitUntil(() => got.length === 4);
  expect(got).toEqual([60, 61, 62, 63]);
  expect(ring.closed).toBe(false);
});

test('consume delivers at once', () => {
  const got: number[] = [];
  using ring = ringOf((bytes) => got.push(asU32(bytes)[0] ?? 0));
  emit(60, 61);
  expect(ring.consume()).toBe(2);
  expect(got).toEqual([60, 61]);
  expect(ring.consume()).toBe(0);
});

test('consume passes on what the callback throws and keeps the rest', () => {
  const got: number[] = [];
  using ring = ringOf((bytes) => {
    got.push(asU32(bytes)[0] ?? 0);
    if (got.length === 1) throw new RangeError('first');
  });
  emit(60, 61);
  expect(() => ring.consume()).toThrow(RangeError);
  expect(ring.consume()).toBe(1);
  expect(got).toEqual([60, 61]);
});

test('the callback may dispose, but not consume', async () => {
  const got: string[] = [];
  const ring = ringOf(() => {
    try {
      ring.consume();
    } catch (error) {
      got.push((error as { code: string }).code);
    }
    ring[Symbol.dispose]();
  });
  emit(60, 61);
  await vi.waitUntil(() => got.length === 1);
  expect(ring.closed).toBe(true);
  expect(got).toEqual(['EBUSY']);
  using rest = ringOf(() => undefined);
  expect(rest.consume()).toBe(1);
});

test('what the callback throws is an uncaught exception, and delivery goes on', async () => {
  const uncaught: unknown[] = [];
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  const thrown = new Error('from the callback');
  const got: number[] = [];
  try {
    using _ = ringOf((bytes) => {
      got.push(asU32(bytes)[0] ?? 0);
      if (got.length === 1) throw thrown;
    });
    emit(60, 61);
    await vi.waitUntil(() => got.length === 2);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
  }
  expect(uncaught).toEqual([thrown]);
});

test('it outlives the map handle', () => {
  const got: number[] = [];
  const own = loadObject(objectFile('probes'), { programs: ['emit'] });
  const map = own.maps.get('ring');
  const program = own.programs.get('emit');
  if (map === undefined || program === undefined) throw new Error('the object lacks its ring');
  using ring = new RingBuffer(map, (bytes) => got.push(bytes.length));
  map[Symbol.dispose]();
  program.testRun(frame(60));
  expect(ring.consume()).toBe(1);
  expect(got).toEqual([8]);
  own[Symbol.dispose]();
});

test('after dispose', () => {
  const ring = ringOf(() => undefined);
  ring.unref();
  ring.ref();
  ring[Symbol.dispose]();
  ring[Symbol.dispose]();
  expect(ring.closed).toBe(true);
  expectCode('ECLOSED', () => ring.consume());
  expectCode('ECLOSED', () => ring.ref());
  expectCode('ECLOSED', () => ring.unref());
});

test('wrong arguments', () => {
  using array = createMap({ name: 'array', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
  expectCode('EINVAL', () => new RingBuffer(array, () => undefined));
  expectCode('EINVAL', () => new RingBuffer({} as never, () => undefined));
  expectCode('EINVAL', () => ringOf(5 as never));
  array[Symbol.dispose]();
  expectCode('ECLOSED', () => new RingBuffer(array, () => undefined));
});
