/** Address sets whose members change while the policy is in force. */
import type { Family, Prefix } from '../base/ip.ts';
import { fullLength } from '../base/ip.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { Feed } from './feed.ts';
import type { Action, AddressMatch, AddressSet, Filter, Policy } from './model.ts';
import type { PrefixSet } from './prefix-set.ts';

export interface LiveSet {
  /** Members that it holds at most. */
  readonly capacity: number;
  /** The prefix lengths of its members, longest first; that of a whole address is always one. */
  readonly levels: Readonly<Record<Family, readonly number[]>>;
  /** undefined: commands change the members. */
  readonly feed?: Feed | undefined;
}

/** Members by the name of the set. Of one set each has a length that is a level of it. */
export type LiveMembers = ReadonlyMap<string, PrefixSet>;

/** Live sets that a policy may have, and so a network namespace. */
export const MOST_LIVE_SETS: number = ENUMS.live.SETS;
/** The lengths that the tables know, longest first. */
export const LEVELS: LiveSet['levels'] = {
  4: Array.from({ length: ENUMS.live.LEVELS4 }, (_, i) => fullLength(4) - i),
  6: Object.values(ENUMS.live_length6).sort((a, b) => b - a),
};

export const DEFAULT_CAPACITY = 100_000;
export const MOST_CAPACITY = 3_000_000;
export const DEFAULT_LEVELS: LiveSet['levels'] = { 4: [32, 24], 6: [128, 64] };

/** So many members at most take the place of one prefix that is split. */
export const MOST_BLOCKS = 256;

/** The shortest length of a member that is not shorter than the prefix. */
export function levelFor(prefix: Prefix, levels: LiveSet['levels']): number {
  return levels[prefix.family].filter((length) => length >= prefix.length).at(-1) ?? fullLength(prefix.family);
}

/** The prefix where its length is a level, else its parts of the next longer level. undefined: there are too many. */
export function blocksOf(prefix: Prefix, levels: LiveSet['levels']): readonly Prefix[] | undefined {
  const level = levelFor(prefix, levels);
  const extra = level - prefix.length;
  if (extra === 0) return [prefix];
  if (2 ** extra > MOST_BLOCKS) return undefined;
  return Array.from({ length: 2 ** extra }, (_, index) => blockAt(prefix, level, index));
}

/** The block of this length at `index` of those that the prefix is made of. */
function blockAt({ family, words, length: outer }: Prefix, length: number, index: number): Prefix {
  const block = [...words];
  for (let bit = 0; bit < length - outer; bit++) {
    if (((index >>> bit) & 1) === 0) continue;
    const place = length - 1 - bit;
    const w = place >>> 5;
    block[w] = ((block[w] ?? 0) | (1 << (31 - (place & 31)))) >>> 0;
  }
  return { family, words: block, length };
}

export function liveSetsOf(policy: Policy): readonly (AddressSet & { readonly live: LiveSet })[] {
  return [...policy.addressSets.values()].flatMap((set) =>
    set.live === undefined ? [] : [{ ...set, live: set.live }],
  );
}

/** Does a rule with this action ask for the set? */
export function isAskedFor({ rules }: Policy, name: string, by: Action): boolean {
  const names = (match: AddressMatch): boolean =>
    match.kind === 'list' ? match.members.some(names) : match.kind === 'set' && match.name === name;
  const asks = ({ source, destination }: Filter): boolean => names(source) || names(destination);
  return rules.some(({ action, filterList }) => action === by && filterList.filters.some(asks));
}

/** Is a live set among the members of the address? */
export function namesLiveSet(match: AddressMatch, sets: Policy['addressSets']): boolean {
  if (match.kind === 'list') return match.members.some((member) => namesLiveSet(member, sets));
  return match.kind === 'set' && sets.get(match.name)?.live !== undefined;
}
