/** Progress of one piece of work, reported often enough to be seen and seldom enough to cost nothing. */
import type { Report } from './context.ts';

/** Between two events, in ms: a listener may be at the other end of a network. */
const PAUSE = 100;

/** Milliseconds since the process began. Unlike performance.now it loads no part of Node, which takes longer than most work here. */
function now(): number {
  return 1000 * process.uptime();
}

/** Does `work`, which says how far it has come as a share of 0 to 1. The last event, if there is one, has the share 1. */
export function withProgress<T>(report: Report, what: string, work: (progress: (share: number) => void) => T): T {
  let next = now() + PAUSE;
  let isTold = false;
  try {
    return work((share) => {
      if (now() < next || share >= 1) return;
      next = now() + PAUSE;
      isTold = true;
      report({ kind: 'progress', what, share });
    });
  } finally {
    if (isTold) report({ kind: 'progress', what, share: 1 });
  }
}
