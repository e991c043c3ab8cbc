/** The lines about a policy that waits to be confirmed. */
import { formatDuration } from '../../base/duration.ts';
import type { PendingChange } from '../../host/pending-change.ts';

function clockTime(iso: string): string {
  return `${new Date(iso).toTimeString().slice(0, 8)}`;
}

/** A line for people: what waits, until when, what comes back. */
export function pendingLine({ policy, version, previous, until, secondsLeft }: PendingChange): string {
  const back =
    previous === null
      ? 'nothing is filtered'
      : `${previous.policy}, generation ${previous.generation}, is in force again`;
  const what = `${policy}, version ${version}`;
  if (secondsLeft === 0) return `${what} was not confirmed in time: ${back}`;
  const left = formatDuration(secondsLeft);
  return `${what} waits to be confirmed until ${clockTime(until)} (${left}), then ${back}: xdpol confirm, or xdpol rollback`;
}
