/** Spreads inputs over workers, watches the time that each takes, and saves those that fail. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Target } from './inputs.ts';
import { inputOf, TARGETS } from './inputs.ts';
import type { Planted, WorkerMessage, WorkerTask } from './worker.ts';

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly workers: number;
  /** For one input, in ms. */
  readonly limit: number;
  readonly targets?: readonly Target[];
  /** Where inputs that fail are saved; nowhere if left out. */
  readonly folder?: string;
  /** Inputs done so far, about once a second. */
  readonly onProgress?: (done: number) => void;
  readonly planted?: Planted;
}

export interface FuzzFailure {
  readonly kind: 'exception' | 'hang' | 'crash';
  readonly index: number;
  readonly target: Target;
  readonly error: string;
  /** Where the input was saved. */
  readonly path: string | undefined;
}

export interface FuzzReport {
  readonly ran: ReadonlyMap<string, number>;
  /** Inputs that the reader took as valid. */
  readonly taken: ReadonlyMap<string, number>;
  readonly failures: readonly FuzzFailure[];
}

const WATCH_MS = 100;
/** Failures are alike: after so many the run ends. */
const MAX_FAILURES = 50;
const MEMORY_MB = 768;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const run = new FuzzRun(options);
  await Promise.all(Array.from({ length: options.workers }, (_, i) => run.lane(i)));
  return run.report;
}

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #targets: readonly Target[];
  readonly #ran = new Map<string, number>();
  readonly #taken = new Map<string, number>();
  readonly #failures: FuzzFailure[] = [];
  #told = Date.now();

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#targets = options.targets ?? TARGETS;
  }

  get report(): FuzzReport {
    return { ran: this.#ran, taken: this.#taken, failures: this.#failures };
  }

  /** Every `workers`th input from `from` on; a worker that is lost is replaced behind the input that it was lost at. */
  async lane(from: number): Promise<void> {
    const { inputs, workers } = this.#options;
    for (let next: number | undefined = from; next !== undefined && next < inputs; ) {
      if (this.#failures.length >= MAX_FAILURES) return;
      next = await this.#work(next, inputs, workers);
    }
  }

  /** Resolves to the input to go on with, or undefined when all are done. */
  #work(from: number, to: number, step: number): Promise<number | undefined> {
    const state = new Float64Array(new SharedArrayBuffer(16));
    state[0] = from;
    const { seed, planted } = this.#options;
    const task: WorkerTask = { seed, from, to, step, targets: this.#targets, state, planted };
    const worker = new Worker(new URL('./start-worker.js', import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    return new Promise((resolve) => {
      const index = (): number => state[0] ?? from;
      const watch = setInterval(() => {
        const begun = state[1] ?? 0;
        const since = Date.now() - begun;
        if (begun > 0 && since > this.#options.limit) end('hang', `no end after ${since} ms`);
      }, WATCH_MS);
      const end = (kind: FuzzFailure['kind'] | undefined, error: string): void => {
        clearInterval(watch);
        worker.removeAllListeners('exit');
        if (kind !== undefined) this.#fail(kind, index(), error);
        const tooMany = this.#failures.length >= MAX_FAILURES;
        void worker.terminate().then(() => resolve(kind === undefined || tooMany ? undefined : index() + step));
      };
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'count') this.#count(message);
        else this.#fail('exception', message.index, message.error);
        if (this.#failures.length >= MAX_FAILURES) end(undefined, '');
      });
      worker.on('error', (error: unknown) =>
        end('crash', error instanceof Error ? (error.stack ?? '') : String(error)),
      );
      worker.on('exit', (code) => end(code === 0 ? undefined : 'crash', `the worker ended with ${code}`));
    });
  }

  #count({ ran, taken }: Extract<WorkerMessage, { kind: 'count' }>): void {
    for (const [totals, counts] of [[this.#ran, ran] as const, [this.#taken, taken] as const]) {
      for (const [target, count] of Object.entries(counts)) totals.set(target, (totals.get(target) ?? 0) + count);
    }
    if (Date.now() - this.#told < 1000) return;
    this.#told = Date.now();
    this.#options.onProgress?.([...this.#ran.values()].reduce((sum, count) => sum + count, 0));
  }

  #fail(kind: FuzzFailure['kind'], index: number, error: string): void {
    const { folder, seed } = this.#options;
    const { target, bytes } = inputOf(seed, index, this.#targets);
    let path: string | undefined;
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      path = join(folder, `${target}-${seed}-${index}`);
      writeFileSync(path, bytes);
    }
    this.#failures.push({ kind, index, target, error, path });
  }
}
