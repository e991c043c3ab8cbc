/** A sender on another CPU: a thread with a generator of its own that sends when it is told to. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Generator } from '../../src/measure/generator.ts';

/** Words of the memory shared by the two threads; the last two are one float64. */
const WORD = { state: 0, order: 1, ifindex: 2, frames: 3, nanoseconds: 4, words: 6 } as const;
const STATE = { busy: 0, idle: 1, failed: 2 } as const;
const ORDER = { none: 0, copy: 1, send: 2, end: 3 } as const;
const TIMEOUT_MS = 120_000;

interface Shared {
  readonly control: SharedArrayBuffer;
  /** The tuples that the thread copies into its ring. */
  readonly tuples: SharedArrayBuffer;
  readonly cpu: number;
}

/** Owns the thread. */
export class SecondSender implements Disposable {
  readonly #words: Int32Array;
  readonly #nanoseconds: Float64Array;
  readonly #tuples: Uint8Array;
  readonly #worker: Worker;

  private constructor(worker: Worker, { control, tuples }: Shared) {
    this.#words = new Int32Array(control);
    this.#nanoseconds = new Float64Array(control, 4 * WORD.nanoseconds, 1);
    this.#tuples = new Uint8Array(tuples);
    this.#worker = worker;
  }

  /** Loading the thread's sources needs this thread's event loop: only afterwards may it be blocked. */
  static async on(cpu: number, ringBytes: number): Promise<SecondSender> {
    const control = new SharedArrayBuffer(4 * WORD.words);
    const shared: Shared = { control, tuples: new SharedArrayBuffer(ringBytes), cpu };
    const worker = new Worker(new URL('./start-second-sender.js', import.meta.url), { workerData: shared });
    await once(worker, 'message');
    return new SecondSender(worker, shared);
  }

  /** The same tuples, but half a ring ahead: the two senders share no table line by being in step. */
  fill(ring: Uint8Array): void {
    const half = ring.length / 2;
    this.#tuples.set(ring.subarray(half));
    this.#tuples.set(ring.subarray(0, half), half);
    this.#tell(ORDER.copy);
    this.#awaitIdle();
  }

  /** Begins to send; `finish` waits for the end. */
  start(ifindex: number, frames: number): void {
    Atomics.store(this.#words, WORD.ifindex, ifindex);
    Atomics.store(this.#words, WORD.frames, frames);
    this.#tell(ORDER.send);
  }

  /** Nanoseconds that sending took. */
  finish(): number {
    this.#awaitIdle();
    return this.#nanoseconds[0] ?? 0;
  }

  [Symbol.dispose](): void {
    this.#tell(ORDER.end);
    this.#worker.unref();
  }

  #tell(order: number): void {
    Atomics.store(this.#words, WORD.state, STATE.busy);
    Atomics.store(this.#words, WORD.order, order);
    Atomics.notify(this.#words, WORD.order);
  }

  #awaitIdle(): void {
    if (Atomics.wait(this.#words, WORD.state, STATE.busy, TIMEOUT_MS) === 'timed-out')
      throw new Error('the second sender does not answer');
    if (Atomics.load(this.#words, WORD.state) === STATE.failed) throw new Error('the second sender failed');
  }
}

function send(generator: Generator, ifindex: number, frames: number): number {
  return generator.sendTo(ifindex, frames) * frames;
}

function become(words: Int32Array, state: number): void {
  Atomics.store(words, WORD.state, state);
  Atomics.notify(words, WORD.state);
}

function serve({ control, tuples, cpu }: Shared): void {
  const words = new Int32Array(control);
  const nanoseconds = new Float64Array(control, 4 * WORD.nanoseconds, 1);
  using generator = new Generator(4, cpu);
  parentPort?.postMessage('ready');
  for (;;) {
    Atomics.store(words, WORD.order, ORDER.none);
    become(words, STATE.idle);
    Atomics.wait(words, WORD.order, ORDER.none);
    const order = Atomics.load(words, WORD.order);
    if (order === ORDER.end) return;
    if (order === ORDER.copy) generator.ring.set(new Uint8Array(tuples));
    else nanoseconds[0] = send(generator, Atomics.load(words, WORD.ifindex), Atomics.load(words, WORD.frames));
  }
}

if (!isMainThread) {
  const shared = workerData as Shared;
  try {
    serve(shared);
  } catch (error) {
    become(new Int32Array(shared.control), STATE.failed);
    throw error;
  }
}
