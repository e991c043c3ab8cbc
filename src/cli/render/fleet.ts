/** A fleet, as people and programs read it. */
import { formatDuration } from '../../base/duration.ts';
import { describeOrder, inForceText } from '../../fleet/centre/describe.ts';
import type { HostStanding } from '../../fleet/centre/states.ts';
import { HOST_STATES, URGENCY } from '../../fleet/centre/states.ts';
import type { RolloutRecord } from '../../fleet/rollout-record.ts';
import { table } from './table.ts';

function orderedText({ ordered }: HostStanding): string {
  return ordered === undefined ? '-' : `${describeOrder(ordered)} (${ordered.target})`;
}

function seenText({ status }: HostStanding, now: number): string {
  return status === undefined ? '-' : `${formatDuration(Math.max(0, now - status.at) / 1000)} ago`;
}

function standingTable(standings: readonly HostStanding[], now: number): string {
  const titles = ['HOST', 'STATE', 'ORDERED', 'IN FORCE', 'SEEN', 'ERROR'];
  return table(
    titles.map((title) => ({ title })),
    standings.map((one) => [
      ...[one.host, one.state, orderedText(one), inForceText(one), seenText(one, now)],
      one.status?.error?.message ?? '',
    ]),
  );
}

/** Hosts that are all listed, and of more those that are listed. */
const MOST_LISTED = 50;
/** How many hosts are in each state, then all of them; of many those that are not in sync, as far as a person reads. */
export function standingText(standings: readonly HostStanding[], now: number): string {
  const counts = countLine(standings);
  if (standings.length <= MOST_LISTED) return `${counts}\n\n${standingTable(standings, now)}`;
  const wanting = URGENCY.flatMap((state) => standings.filter((one) => one.state === state));
  if (wanting.length === 0) return `${counts}\n`;
  const left = wanting.length - MOST_LISTED;
  const more = left > 0 ? `and ${left} more that are not in sync: --json has all of them\n` : '';
  return `${counts}\n\n${standingTable(wanting.slice(0, MOST_LISTED), now)}${more}`;
}

function countHosts(count: number): string {
  return count === 1 ? '1 host' : `${count} hosts`;
}

/** `5000 hosts: 4990 in-sync, 10 silent`. */
function countLine(standings: readonly HostStanding[]): string {
  const counts = HOST_STATES.map((state) => [state, standings.filter((one) => one.state === state).length] as const);
  const present = counts.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  return `${countHosts(standings.length)}: ${present.join(', ')}`;
}

export function differenceTable(standings: readonly HostStanding[]): string {
  const titles = ['HOST', 'STATE', 'ORDERED', 'IN FORCE', 'ERROR'];
  return table(
    titles.map((title) => ({ title })),
    standings.map((one) => [one.host, one.state, orderedText(one), inForceText(one), one.status?.error?.message ?? '']),
  );
}

const ROLLOUT_WORDS: Readonly<Record<RolloutRecord['state'], string>> = {
  running: 'runs',
  stopped: 'stopped',
  done: 'done',
  returned: 'taken back',
};

/** `web-1764...: ring 2 of 4, 9 hosts: runs`. */
export function rolloutLine({ id, released, waves, state, reason }: RolloutRecord): string {
  const ring = released === 0 ? undefined : waves[released - 1];
  const size = ring === undefined ? '' : `, ${ring.hosts === null ? 'all hosts' : countHosts(ring.hosts.length)}`;
  const why = reason === null ? '' : `: ${reason}`;
  return `${id}: ring ${released} of ${waves.length}${size}: ${ROLLOUT_WORDS[state]}${why}`;
}

export function rolloutJson({ id, target, state, released, waves, reason }: RolloutRecord): object {
  return { id, target, state, released, waves: waves.length, reason };
}
