/** Runs inputs one after another and writes down which it is at, so that the harness sees it hang. */
import { parentPort, workerData } from 'node:worker_threads';
import { present } from '../../src/base/assert.ts';
import type { Target } from './inputs.ts';
import { inputOf } from './inputs.ts';
import { runInput } from './targets.ts';

export interface WorkerTask {
  readonly seed: number;
  /** The first input, the last but one, and the distance between two. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly targets: readonly Target[];
  /** [0]: the number of the input under way, [1]: when it was begun (Date.now), 0 before the first. */
  readonly state: Float64Array;
  readonly planted?: Planted | undefined;
}

/** Faults at numbers of inputs, for the test of the harness. */
export type Planted = ReadonlyMap<number, 'exception' | 'hang' | 'crash'>;

export type WorkerMessage =
  | { readonly kind: 'failure'; readonly index: number; readonly error: string }
  | {
      readonly kind: 'count';
      readonly ran: Readonly<Record<string, number>>;
      readonly taken: Readonly<Record<string, number>>;
    };

const COUNT_EVERY = 500;

const task = workerData as WorkerTask;
const port = present(parentPort);
let ran: Record<string, number> = {};
let taken: Record<string, number> = {};

function flush(): void {
  port.postMessage({ kind: 'count', ran, taken } satisfies WorkerMessage);
  [ran, taken] = [{}, {}];
}

function plant(index: number): void {
  const fault = task.planted?.get(index);
  if (fault === 'exception') throw new Error('planted');
  if (fault === 'crash') process.exit(7);
  while (fault === 'hang');
}

let sinceCount = 0;
for (let index = task.from; index < task.to; index += task.step) {
  const input = inputOf(task.seed, index, task.targets);
  task.state[0] = index;
  task.state[1] = Date.now();
  try {
    plant(index);
    if (await runInput(input)) taken[input.target] = (taken[input.target] ?? 0) + 1;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    port.postMessage({ kind: 'failure', index, error: text } satisfies WorkerMessage);
  }
  ran[input.target] = (ran[input.target] ?? 0) + 1;
  if (++sinceCount % COUNT_EVERY === 0) flush();
}
flush();
