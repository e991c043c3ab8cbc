import { expect, test } from 'vitest';
import type { OperationEvent } from '../../../src/host/context.ts';
import { withProgress } from '../../../src/host/report-progress.ts';

/** Calls `progress` for so many milliseconds. */
function work(milliseconds: number, progress: (share: number) => void): number {
  const started = performance.now();
  let calls = 0;
  for (let spent = 0; spent < milliseconds; spent = performance.now() - started, calls++)
    progress(spent / milliseconds);
  return calls;
}

test('long work is told seldom, and its end', () => {
  const events: OperationEvent[] = [];
  const calls = withProgress(
    (event) => events.push(event),
    'counting',
    (progress) => work(350, progress),
  );
  expect(calls).toBeGreaterThan(events.length);
  expect(events.length).toBeGreaterThan(1);
  expect(events.at(-1)).toEqual({ kind: 'progress', what: 'counting', share: 1 });
});

test('work that fails has an end too', () => {
  const events: OperationEvent[] = [];
  const fail = (): never =>
    withProgress(
      (event) => events.push(event),
      'counting',
      (progress) => {
        work(250, progress);
        throw new Error('no');
      },
    );
  expect(fail).toThrow('no');
  expect(events.at(-1)).toEqual({ kind: 'progress', what: 'counting', share: 1 });
});

test('short work is not told', () => {
  const events: OperationEvent[] = [];
  withProgress(
    (event) => events.push(event),
    'counting',
    (progress) => progress(0.5),
  );
  expect(events).toEqual([]);
});
