/** Live sets of a policy that comes in force: their numbers in the tables, and the members that they have already. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import type { LiveSetClasses } from '../../compiler/live-classes.ts';
import type { LoadableTables } from '../../compiler/loadable.ts';
import type { LiveMember } from '../../engine/live/live-table.ts';
import { blocksOf, MOST_LIVE_SETS } from '../../policy/live-sets.ts';
import type { DeclaredSet, Member, PolicyStore } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { jiffiesOfEnds, kernelMember, nameInKernel, openKernelSets } from './kernel-members.ts';
import { presentMembers } from './read-sets.ts';

export interface LiveForSwap {
  readonly numbers: ReadonlyMap<string, number>;
  readonly members: Iterable<LiveMember>;
  /** Where the policy does not come in force: store and tables are as they were. */
  readonly takeBack: () => void;
}

/** Of the policies of all interfaces, which are one policy without the rules that are for other interfaces. */
export function liveClassesIn(policies: readonly LoadableTables[]): readonly LiveSetClasses[] {
  const classes = new Map<string, LiveSetClasses>();
  for (const one of policies.flatMap(({ live = [] }) => live)) {
    classes.set(one.name, { ...one, blocks: one.blocks || classes.get(one.name)?.blocks === true });
  }
  return [...classes.values()];
}

/**
 * Writes which sets there are; undefined where the policy has none. The caller holds the store's lock. Sets of policies
 * that were in force before keep their numbers while there are enough: what may come back must find its own.
 */
export function declareSets(
  context: HostContext,
  classes: readonly LiveSetClasses[],
  hash: string,
): LiveForSwap | undefined {
  if (classes.length === 0) return undefined;
  return declare(context, numberSets(context.store.liveSets.declared(), classes, hash), classes);
}

function declare(context: HostContext, sets: readonly DeclaredSet[], classes: readonly LiveSetClasses[]): LiveForSwap {
  const declared = context.store.liveSets.declared();
  const before = new Map(declared.map(({ name, number }) => [number, name]));
  const given = sets.filter(({ name, number }) => before.has(number) && before.get(number) !== name);
  if (given.length > 0) {
    const kernel = openKernelSets();
    for (const { number } of given) kernel.clear(number);
  }
  const own = sets.filter(({ name }) => classes.some((one) => one.name === name));
  const split: SplitMembers[] = [];
  const takeBack = (): void => takeBackSets(context, declared, own, split);
  try {
    context.store.liveSets.declare(sets);
    for (const set of own) split.push(...splitMembers(context, set));
  } catch (error) {
    takeBack();
    throw error;
  }
  return {
    numbers: new Map(own.map(({ name, number }) => [name, number])),
    members: membersFor(context.store, own),
    takeBack,
  };
}

/** A number that is free again has no members: its next set begins with none. What failed first is what is thrown. */
function takeBackSets(
  context: HostContext,
  before: readonly DeclaredSet[],
  own: readonly DeclaredSet[],
  split: readonly SplitMembers[],
): void {
  const { liveSets } = context.store;
  const isKnown = ({ name, number }: DeclaredSet): boolean =>
    before.some((one) => one.name === name && one.number === number);
  try {
    const kernel = openKernelSets();
    const fresh = own.filter((set) => !isKnown(set)).map(({ number }) => number);
    for (const number of fresh) kernel.clear(number);
    for (const { set, put } of split) for (const { prefix } of put) kernel.remove(nameInKernel(set.number, prefix));
    for (const { set, put, removed } of split) {
      const { name } = set;
      liveSets.change(name, { put: removed, removed: put.map(({ prefix }) => prefix), counts: liveSets.counts(name) });
    }
    liveSets.declare(before);
    const displaced = before.filter(({ number }) => fresh.includes(number));
    for (const member of membersFor(context.store, displaced)) kernel.add(member);
  } catch (error) {
    const why = messageOf(error);
    context.report({ kind: 'warning', text: `the live sets as they were could not be written: ${why}` });
  }
}

/**
 * The same for a policy on trial, whose sets are those of the policy in force where they have the same name: these stay as
 * they are. Throws EnvironmentError where they would have to change.
 */
export function declareSetsOnTrial(
  context: HostContext,
  classes: readonly LiveSetClasses[],
  hash: string,
): LiveForSwap | undefined {
  if (classes.length === 0) return undefined;
  const before = new Map(context.store.liveSets.declared().map((set) => [set.name, set]));
  const wanted = new Map(classes.map((one) => [one.name, one]));
  if (new Set([...before.keys(), ...wanted.keys()]).size > MOST_LIVE_SETS)
    throw new EnvironmentError('XDPOL_E_NO_AUDIT', `the store has no room for more than ${MOST_LIVE_SETS} live sets`, {
      help: 'put the policy in force, with --confirm: that makes room',
    });
  const sets = numberSets([...before.values()], classes, hash).map((set): DeclaredSet => {
    const known = before.get(set.name);
    if (known === undefined || !wanted.has(set.name)) return set;
    requireSame(known, set);
    return { ...known, blocks: known.blocks || set.blocks };
  });
  return declare(context, sets, classes);
}

function requireSame(known: DeclaredSet, wanted: DeclaredSet): void {
  const isSame = sizeText(known) === sizeText(wanted) && JSON.stringify(known.feed) === JSON.stringify(wanted.feed);
  if (isSame) return;
  throw new EnvironmentError(
    'XDPOL_E_NO_AUDIT',
    `the live set ${known.name} has another capacity, other levels or another feed now`,
    { help: `write it as it is (${sizeText(known)}) for the trial, or put the policy in force with --confirm` },
  );
}

function sizeText({ capacity, levels4, levels6 }: DeclaredSet): string {
  return `capacity ${capacity}, levels ${[...levels4, ...levels6].join(', ')}`;
}

/** As after the policy came in force, without anything written: for a dry run. */
export function rehearseSets({ store }: HostContext, classes: readonly LiveSetClasses[]): LiveForSwap | undefined {
  if (classes.length === 0) return undefined;
  const sets = numberSets(store.liveSets.declared(), classes, '');
  return { numbers: new Map(sets.map(({ name, number }) => [name, number])), members: [], takeBack: () => undefined };
}

function numberSets(
  before: readonly DeclaredSet[],
  classes: readonly LiveSetClasses[],
  hash: string,
): readonly DeclaredSet[] {
  const wanted = new Set(classes.map(({ name }) => name));
  const others = before.filter(({ name }) => !wanted.has(name));
  // Those that were declared longest ago go first.
  const kept = others.slice(Math.max(0, others.length + wanted.size - MOST_LIVE_SETS));
  const known = new Map(before.map((set) => [set.name, set.number]));
  const taken = new Set([...kept.map(({ number }) => number), ...classes.flatMap(({ name }) => known.get(name) ?? [])]);
  const free = Array.from({ length: MOST_LIVE_SETS }, (_, i) => i).filter((number) => !taken.has(number));
  const own = classes.map(({ name, capacity, levels4, levels6, blocks, feed }): DeclaredSet => {
    const number = known.get(name) ?? free.shift() ?? 0;
    return { name, number, capacity, levels4, levels6, blocks, hash, ...(feed === undefined ? {} : { feed }) };
  });
  return [...kept, ...own];
}

interface SplitMembers {
  readonly set: DeclaredSet;
  readonly removed: readonly Member[];
  readonly put: readonly Member[];
}

/** The levels of the set may be others than when its members came. What has too many parts now is told, and left out. */
function splitMembers(context: HostContext, set: DeclaredSet): readonly SplitMembers[] {
  const { liveSets } = context.store;
  const { name, levels4, levels6 } = set;
  const levels = { 4: levels4, 6: levels6 };
  const removed: Member[] = [];
  const put: Member[] = [];
  for (const member of presentMembers(context.store, name)) {
    if (levels[member.prefix.family].includes(member.prefix.length)) continue;
    removed.push(member);
    const blocks = blocksOf(member.prefix, levels) ?? [];
    for (const prefix of blocks)
      if (liveSets.members(name).endOf(prefix) === undefined) put.push({ ...member, prefix });
  }
  if (removed.length === 0) return [];
  const text = `${name}: ${removed.length} members had lengths that are no levels now, and are ${put.length} members`;
  context.report({ kind: 'warning', text });
  liveSets.change(name, { put, removed: removed.map(({ prefix }) => prefix), counts: liveSets.counts(name) });
  return [{ set, removed, put }];
}

function* membersFor(store: PolicyStore, sets: readonly DeclaredSet[]): Generator<LiveMember> {
  const jiffiesOf = jiffiesOfEnds();
  for (const { name, number, capacity } of sets) {
    let room = capacity;
    for (const member of presentMembers(store, name)) {
      if (room-- <= 0) break;
      yield kernelMember(number, member, jiffiesOf);
    }
  }
}
