/** What is said of live sets. */
import { formatDuration } from '../../base/duration.ts';
import type { SetChangeOutcome, SetChangeRequest } from '../../host/live-sets/change-set.ts';
import type { ListedFeed } from '../../host/live-sets/feeds-in-use.ts';
import type { ListedMember, SetContents, SetList, SetTest } from '../../host/live-sets/read-sets.ts';
import { table } from './table.ts';

export function renderSetChange(
  { change }: Pick<SetChangeRequest, 'change'>,
  { set, added, changed, unchanged, removed, entries, capacity, isWaiting }: SetChangeOutcome,
): string {
  const taken = `${removed} removed`;
  const given = [
    `${added} added`,
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(unchanged > 0 ? [`${unchanged} there already`] : []),
  ];
  const done = change === 'add' ? given : change === 'load' ? [...given, taken] : [taken];
  const waits = isWaiting ? '; no policy in force looks at the set yet' : '';
  return `${set}: ${done.join(', ')}; ${entries} of ${capacity} members${waits}`;
}

export function renderSets({ sets }: SetList): string {
  if (sets.length === 0) return 'no policy in force has a live set';
  const rows = sets.map(({ set, entries, capacity, levels, counts }) => [
    set,
    String(entries),
    String(capacity),
    String(counts.adds),
    String(counts.expired),
    String(Object.values(counts.refused).reduce((sum, count) => sum + count, 0)),
    levels.map((length) => `/${length}`).join(' '),
  ]);
  const numbers = ['MEMBERS', 'CAPACITY', 'ADDED', 'EXPIRED', 'REFUSED'].map((title) => ({ title, right: true }));
  const feeds = sets.flatMap(({ set, feed }) => (feed === null ? [] : [feedLine(set, feed)]));
  return [table([{ title: 'SET' }, ...numbers, { title: 'LEVELS' }], rows), ...feeds].join('\n');
}

function feedLine(set: string, { source, ageSeconds, error }: ListedFeed): string {
  const age = ageSeconds === null ? 'not read yet' : `as it was ${formatDuration(ageSeconds)} ago`;
  return `${set} is from ${source}, ${age}${error === null ? '' : `; now: ${error}`}`;
}

export function renderMembers({ set, members }: SetContents): string {
  if (members.length === 0) return `${set} has no members`;
  const rows = members.map(({ prefix, ends, note }) => [prefix, ends ?? 'never', note]);
  return table([{ title: 'MEMBER' }, { title: 'ENDS' }, { title: 'NOTE' }], rows);
}

export function renderTested({ set, address, member }: SetTest): string {
  return member === null ? `${address} is not in ${set}` : `${address} is in ${set}: ${memberText(member)}`;
}

function memberText({ prefix, ends, note }: ListedMember): string {
  return [prefix, ends === null ? 'without an end' : `until ${ends}`, ...(note === '' ? [] : [note])].join(', ');
}
