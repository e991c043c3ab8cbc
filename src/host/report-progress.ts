/** How far one piece of work has come, told often enough to be seen and seldom enough to cost nothing. */
import { performance } from 'node:perf_hooks';
import type { Report } from './context.ts';

/** Between two events, in ms: a listener may be at the other end of a network. */
const PAUSE = 100;

/** Does `work`, which says how far it has come as a share of 0 to 1. The last event, if there is one, has the share 1. */
export function withProgress<T>(report: Report, what: string, work: (progress: (share: number) => void) => T): T {
  let next = performance.now() + PAUSE;
  let isTold = false;
  try {
    return work((share) => {
      if (performance.now() < next || share >= 1) return;
      next = performance.now() + PAUSE;
      isTold = true;
      report({ kind: 'progress', what, share });
    });
  } finally {
    if (isTold) report({ kind: 'progress', what, share: 1 });
  }
}
