/** What live sets hold. */
import { setImmediate } from 'node:timers/promises';
import { EnvironmentError } from '../../base/environment-error.ts';
import { formatPrefix, parseAddress, prefixOf } from '../../base/ip.ts';
import type { Member, PolicyStore } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { requireDeclared } from './declared-set.ts';
import type { ListedFeed } from './feeds-in-use.ts';
import { describeFeed } from './feeds-in-use.ts';

export interface ListedMember {
  readonly prefix: string;
  /** ISO 8601, UTC; null: it has none. */
  readonly ends: string | null;
  readonly note: string;
}

export interface ListedSet {
  readonly set: string;
  readonly entries: number;
  readonly capacity: number;
  readonly levels: readonly number[];
  readonly counts: {
    readonly adds: number;
    readonly expired: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  /** null: commands change the members. */
  readonly feed: ListedFeed | null;
}

export interface SetReadRequest {
  readonly set: string;
  /** Only members that have each of these words in their text or note, in upper or lower case. */
  readonly search?: string | undefined;
  /** From 1 on. */
  readonly page?: number | undefined;
  /** Members of a page; all of them unless given. */
  readonly limit?: number | undefined;
}

export interface SetContents extends ListedSet {
  /** How many the search finds, on all pages. */
  readonly found: number;
  readonly members: readonly ListedMember[];
}

export interface SetList {
  readonly sets: readonly ListedSet[];
}

export type SetTestRequest = Pick<SetTest, 'set' | 'address'>;

export interface SetTest {
  readonly set: string;
  readonly address: string;
  /** The longest member that holds the address; null where none does. */
  readonly member: ListedMember | null;
}

/** Members that are looked at without a pause. */
const AT_A_TIME = 20_000;

/** Without those that have ended. */
export function* presentMembers(store: PolicyStore, name: string, now: number = Date.now()): Generator<Member> {
  for (const member of store.liveSets.members(name).members()) {
    if (member.endsAt === 0 || member.endsAt > now) yield member;
  }
}

export function listSets(context: HostContext): SetList {
  return { sets: context.store.liveSets.declared().map(({ name }) => describeSet(context, name)) };
}

/** A search among a million members takes some tenths of a second: the agent answers others in between. */
export async function readSet(context: HostContext, request: SetReadRequest): Promise<SetContents> {
  const { set, search = '', page = 1, limit } = request;
  const described = describeSet(context, set);
  const first = limit === undefined ? 0 : (page - 1) * limit;
  const end = limit === undefined ? Number.POSITIVE_INFINITY : first + limit;
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  const members: ListedMember[] = [];
  let found = 0;
  let looked = 0;
  for (const member of presentMembers(context.store, set)) {
    if (++looked % AT_A_TIME === 0) await setImmediate();
    if (words.length === 0 && found === end) return { ...described, found: described.entries, members };
    if (!hasWords(member, words)) continue;
    if (found >= first && found < end) members.push(listMember(member));
    found++;
  }
  return { ...described, found, members };
}

function hasWords({ prefix, note }: Member, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = `${formatPrefix(prefix)} ${note.toLowerCase()}`;
  return words.every((word) => text.includes(word));
}

export function testSet(context: HostContext, { set, address }: SetTestRequest): SetTest {
  const { levels4, levels6 } = requireDeclared(context, set);
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    throw new EnvironmentError('XDPOL_E_SET', `"${address}" is not an address`, { help: 'write one like 203.0.113.7' });
  }
  const table = context.store.liveSets.members(set);
  for (const length of parsed.family === 4 ? levels4 : levels6) {
    const prefix = prefixOf(parsed, length);
    const endsAt = table.endOf(prefix);
    if (endsAt === undefined || (endsAt !== 0 && endsAt <= Date.now())) continue;
    return { set, address, member: listMember({ prefix, endsAt, note: table.noteOf(prefix) }) };
  }
  return { set, address, member: null };
}

function describeSet(context: HostContext, name: string): ListedSet {
  const declared = requireDeclared(context, name);
  const { capacity, levels4, levels6 } = declared;
  const { liveSets } = context.store;
  const entries = liveSets.members(name).countAt(Date.now());
  return {
    set: name,
    entries,
    capacity,
    levels: [...levels4, ...levels6],
    counts: liveSets.counts(name),
    feed: describeFeed(context.store, declared),
  };
}

function listMember({ prefix, endsAt, note }: Member): ListedMember {
  return { prefix: formatPrefix(prefix), ends: endsAt === 0 ? null : new Date(endsAt).toISOString(), note };
}
