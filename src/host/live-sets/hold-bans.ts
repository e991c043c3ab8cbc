/** Members of live sets that a fleet orders: block only, each with an end, a limited number, and never what is protected. */
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Prefix } from '../../base/ip.ts';
import { containsAddress } from '../../base/ip.ts';
import { blocksOf, isAskedFor } from '../../policy/live-sets.ts';
import { prefixesOf } from '../../policy/prefix-set.ts';
import type { DeclaredSet, Member, PolicyStore } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { findIntendedAssignment } from '../intended-assignment.ts';
import { readPolicyInput } from '../policy-input.ts';
import { requireDeclared, requireNoFeed } from './declared-set.ts';
import { openKernelSets } from './kernel-members.ts';
import { listNeverBanned } from './never-banned.ts';
import { readMemberList } from './policy-members.ts';
import { presentMembers } from './read-sets.ts';
import type { RefusedMember } from './set-work.ts';
import { SetWork } from './set-work.ts';

export interface OrderedBan {
  /** An address or a prefix. */
  readonly prefix: string;
  /** Milliseconds of Unix time. */
  readonly until: number;
}

export interface HeldBans {
  /** Of bans, in all sets. */
  readonly members: number;
  readonly refused: readonly RefusedMember[];
}

/** The note of members that a fleet ordered. */
const NOTE = 'ordered by the fleet';

/**
 * The fleet's members of every live set are these afterwards; those of others stay as they are. Throws EnvironmentError
 * where a set is not one that rules only block by, or has a feed, or there would be more than `most`: then nothing is changed.
 */
export async function holdBans(
  context: HostContext,
  wanted: ReadonlyMap<string, readonly OrderedBan[]>,
  most: number,
): Promise<HeldBans> {
  const now = Date.now();
  const present = [...wanted].map(([set, bans]) => [set, bans.filter(({ until }) => until > now)] as const);
  const ordered = present.filter(([, bans]) => bans.length > 0).map(([set, bans]) => readBans(context, set, bans));
  const total = ordered.reduce((sum, { members }) => sum + members, 0);
  if (total > most) {
    throw new EnvironmentError('XDPOL_E_SET', `the fleet orders ${total} bans, and this host takes ${most}`, {
      help: 'ban fewer addresses; the limit of a host is fleet.bans in its /etc/xdpol/config.yaml',
    });
  }
  const never = await listNeverBanned(context);
  const refused: RefusedMember[] = [];
  using _lock = context.store.lockForMembers();
  const kernel = openKernelSets();
  for (const name of new Set([...marked(context.store), ...ordered.map(({ set }) => set)])) {
    const bans = ordered.find(({ set }) => set === name)?.bans ?? [];
    const work = new SetWork(context, requireDeclared(context, name), kernel, never);
    work.remove(findStale(context.store, name, bans));
    // What is left is new, or ordered before: then the end of now counts, also where it is sooner.
    for (const { prefix, until } of withoutLonger(context.store, name, bans)) {
      work.add([prefix], { seconds: (until - now) / 1000, note: NOTE, replace: true });
    }
    refused.push(...work.finish().refused);
  }
  return { members: countMarked(context.store), refused };
}

interface ReadBan {
  readonly prefix: Prefix;
  readonly until: number;
}

interface OrderedSet {
  readonly set: string;
  readonly bans: readonly ReadBan[];
  /** That they are at most. */
  readonly members: number;
}

function readBans(context: HostContext, set: string, bans: readonly OrderedBan[]): OrderedSet {
  const declared = requireDeclared(context, set);
  requireBlocksOnly(context, declared);
  requireNoFeed(declared);
  const levels = { 4: declared.levels4, 6: declared.levels6 };
  const read = bans.flatMap(({ prefix: text, until }) =>
    [...prefixesOf(readMemberList({ name: 'bans', text }))].map((prefix) => ({ prefix, until })),
  );
  const members = read.reduce((sum, { prefix }) => sum + (blocksOf(prefix, levels)?.length ?? 1), 0);
  return { set, bans: read, members };
}

/** A permit rule that asks for the set would let in what is banned. */
function requireBlocksOnly(context: HostContext, { name, blocks }: DeclaredSet): void {
  const help = 'name a live set that rules of the policy in force block by, and none permits by';
  if (!blocks) throw new EnvironmentError('XDPOL_E_SET', `no rule that blocks asks for the live set ${name}`, { help });
  for (const assignment of [findIntendedAssignment(context.store), context.store.assignment()]) {
    if (assignment === undefined) continue;
    const { policy } = readPolicyInput(context, { stored: assignment.policy, version: assignment.version });
    if (policy !== undefined && isAskedFor(policy, name, 'permit')) {
      throw new EnvironmentError('XDPOL_E_SET', `a rule that permits asks for the live set ${name}`, { help });
    }
  }
}

function isMarked({ note }: Member): boolean {
  return note === NOTE;
}

function marked(store: PolicyStore): readonly string[] {
  const names = store.liveSets.declared().map(({ name }) => name);
  return names.filter((name) => [...presentMembers(store, name)].some(isMarked));
}

function countMarked(store: PolicyStore): number {
  const names = store.liveSets.declared().map(({ name }) => name);
  return names.reduce((sum, name) => sum + [...presentMembers(store, name)].filter(isMarked).length, 0);
}

function findStale(store: PolicyStore, set: string, bans: readonly ReadBan[]): readonly Prefix[] {
  const own = [...presentMembers(store, set)].filter(isMarked);
  return own.filter(({ prefix }) => !bans.some((ban) => covers(ban.prefix, prefix))).map(({ prefix }) => prefix);
}

function covers(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && containsAddress(outer, inner);
}

/** What somebody else bans as long stays theirs. */
function withoutLonger(store: PolicyStore, set: string, bans: readonly ReadBan[]): readonly ReadBan[] {
  const table = store.liveSets.members(set);
  return bans.filter(({ prefix, until }) => {
    const end = table.endOf(prefix);
    return end === undefined || table.noteOf(prefix) === NOTE || (end !== 0 && end < until);
  });
}
