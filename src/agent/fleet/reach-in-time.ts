/** Whether a front is reached while a policy waits to be confirmed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutOfTime, isUnanswered } from './front-connection.ts';

/** Milliseconds for which that is tried, since all hosts of an order try it at once; and between two tries. */
const PATIENCE = 40_000;
const PAUSE = 1000;
/** So many tries without any answer, or with a clock by which no certificate is valid, are enough. */
const MOST_HOPELESS = 3;

/** Tries until a front is reached. Throws why it was not the last time where the time is over, or it is hopeless. */
export async function reachInTime(reachAnew: () => Promise<void>): Promise<void> {
  const giveUp = performance.now() + PATIENCE;
  for (let hopeless = 0; ; ) {
    try {
      await reachAnew();
      return;
    } catch (error) {
      hopeless = isUnanswered(error) || isOutOfTime(error) ? hopeless + 1 : 0;
      if (performance.now() > giveUp || hopeless >= MOST_HOPELESS) throw error;
    }
    await sleep(PAUSE);
  }
}
