/**
 * Pass 1. Symbolic addresses become conditions: sets of prefixes of one family and one length, so
 * that a condition has one place in the order of specificity. Pure: the host's addresses are given.
 */
import { present } from '../../base/assert.ts';
import type { Family, Prefix } from '../../base/ip.ts';
import { fullLength } from '../../base/ip.ts';
import { addressText, rangePrefixes } from '../../policy/address-match.ts';
import type { LiveSet } from '../../policy/live-sets.ts';
import { localPrefixes } from '../../policy/local.ts';
import type {
  AddressList,
  AddressMatch,
  AddressSet,
  HostAddresses,
  Policy,
  SingleAddress,
} from '../../policy/model.ts';
import type { PrefixColumn, PrefixSet } from '../../policy/prefix-set.ts';
import { countLengths, hostSet, PrefixSetBuilder, prefixesOf, prefixSetOf, wordsOf } from '../../policy/prefix-set.ts';
import { carve } from './carve.ts';

/** An address matches the condition where one of the prefixes contains it. */
export interface AddressCondition {
  /** Unique within one compilation; 0 is `any`. */
  readonly id: number;
  /** The same for all conditions of one address: where several hold, only the longest counts. */
  readonly group: number;
  /** undefined: any address of both families. */
  readonly family: Family | undefined;
  /** What an address counts with. */
  readonly length: number;
  /** Sorted and disjoint; the words of `any` are empty. */
  readonly words: Uint32Array;
  /** Lengths of the prefixes where something was cut out of them; undefined: `length`, all of them. */
  readonly extents: Uint8Array | undefined;
  readonly count: number;
  /** Of which live set these are the members of this length: there are no prefixes then, they come later. */
  readonly live?: string | undefined;
}

/** How far the prefix at `index` reaches. */
export function extentOf({ extents, length }: AddressCondition, index: number): number {
  return extents?.[index] ?? length;
}

export const ANY_ADDRESS: AddressCondition = {
  id: 0,
  group: 0,
  family: undefined,
  length: 0,
  words: new Uint32Array(0),
  extents: undefined,
  count: 0,
};

const ANY: readonly AddressCondition[] = [ANY_ADDRESS];
const FAMILIES: readonly Family[] = [4, 6];
const NO_WORDS = new Uint32Array(0);
const NOTHING: PrefixSet = prefixSetOf([]);
const EVERYTHING: readonly Prefix[] = [
  { family: 4, words: [0], length: 0 },
  { family: 6, words: [0, 0, 0, 0], length: 0 },
];

/** Resolves every address of a policy; equal addresses get the same conditions. */
export class Resolver {
  readonly #policy: Policy;
  readonly #host: HostAddresses;
  readonly #known = new Map<string, readonly AddressCondition[]>();
  #nextId = 1;

  constructor(policy: Policy, host: HostAddresses) {
    this.#policy = policy;
    this.#host = host;
  }

  /** The conditions whose union is the address: none where a name or `me` has no address. */
  resolve(match: AddressMatch): readonly AddressCondition[] {
    if (match.kind === 'any') return ANY;
    const key = match.kind === 'prefix' ? `${match.prefix.family} ${addressText(match)}` : addressText(match);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const conditions = this.#conditionsOf(match);
    this.#known.set(key, conditions);
    return conditions;
  }

  #conditionsOf(match: AddressMatch): readonly AddressCondition[] {
    switch (match.kind) {
      case 'prefix':
        return [this.#single(match.prefix)];
      case 'list':
        return this.#listed(match);
      case 'set': {
        const { prefixes, exclude, live } = this.#setOf(match.name);
        return live === undefined ? this.#carved(prefixes, exclude) : this.#levelsOf(match.name, live);
      }
      default:
        return this.#carved(prefixSetOf(this.#prefixesOf(match)), []);
    }
  }

  /** Sets by themselves, because each may have exclusions of its own; the other members together. */
  #listed({ members, exclude }: AddressList): readonly AddressCondition[] {
    const sets = members.filter((member) => member.kind === 'set');
    const others = members.filter((member) => member.kind !== 'set').flatMap((member) => this.#prefixesOf(member));
    const ofSets = [...new Set(sets.map(({ name }) => name))].flatMap((name) => {
      if (exclude.length === 0) return this.resolve({ kind: 'set', name });
      const set = this.#setOf(name);
      return this.#carved(set.prefixes, [...set.exclude, ...exclude]);
    });
    return [...this.#carved(prefixSetOf(others), exclude), ...ofSets];
  }

  #setOf(name: string): AddressSet {
    return present(this.#policy.addressSets.get(name), `address set ${name}`);
  }

  /** A set of one: policies have tens of thousands of these. */
  #single({ family, length, words }: Prefix): AddressCondition {
    const id = this.#nextId++;
    return { id, group: id, family, length, words: Uint32Array.from(words), extents: undefined, count: 1 };
  }

  #carved(set: PrefixSet, exclude: readonly SingleAddress[]): AddressCondition[] {
    const group = this.#nextId;
    if (exclude.length === 0) return [...this.#byLength(set.v4, group), ...this.#byLength(set.v6, group)];
    const holes = prefixSetOf(exclude.flatMap((match) => this.#prefixesOf(match)));
    return [...this.#piecesByLength(set.v4, holes.v4, group), ...this.#piecesByLength(set.v6, holes.v6, group)];
  }

  #levelsOf(name: string, { levels }: LiveSet): readonly AddressCondition[] {
    const group = this.#nextId;
    return FAMILIES.flatMap((family) =>
      levels[family].map((length) => {
        const id = this.#nextId++;
        return { id, group, family, length, words: NO_WORDS, extents: undefined, count: 0, live: name };
      }),
    );
  }

  #prefixesOf(match: SingleAddress): readonly Prefix[] {
    switch (match.kind) {
      case 'any':
        return EVERYTHING;
      case 'prefix':
        return [match.prefix];
      case 'range':
        return rangePrefixes(match.first, match.last);
      case 'me':
        return [...prefixesOf(hostSet(this.#host.me))];
      case 'local':
        return localPrefixes(this.#host);
      case 'name':
        return [...prefixesOf(hostSet(this.#host.names.get(match.name) ?? []))];
      case 'set':
        return this.#membersOf(this.#setOf(match.name));
    }
  }

  #membersOf({ prefixes, exclude }: AddressSet): readonly Prefix[] {
    const holes = exclude.length === 0 ? NOTHING : prefixSetOf(exclude.flatMap((match) => this.#prefixesOf(match)));
    const left: Prefix[] = [];
    carve(prefixes.v4, holes.v4, (piece) => left.push(piece));
    carve(prefixes.v6, holes.v6, (piece) => left.push(piece));
    return left;
  }

  #byLength(column: PrefixColumn, group: number): AddressCondition[] {
    const { family } = column;
    return [...wordsByLength(column)].map(([length, words]) => {
      const count = words.length / wordsOf(family);
      return { id: this.#nextId++, group, family, length, words, extents: undefined, count };
    });
  }

  /** By the length that the pieces count with. */
  #piecesByLength(column: PrefixColumn, holes: PrefixColumn, group: number): AddressCondition[] {
    const builders = new Map<number, PrefixSetBuilder>();
    carve(column, holes, (piece, counted) => {
      const known = builders.get(counted) ?? new PrefixSetBuilder();
      known.add(piece);
      builders.set(counted, known);
    });
    const { family } = column;
    return [...builders]
      .sort(([a], [b]) => a - b)
      .map(([length, builder]) => {
        const { words, lengths, count } = builder.build()[family === 4 ? 'v4' : 'v6'];
        const isWhole = lengths.every((one) => one === length);
        return { id: this.#nextId++, group, family, length, words, extents: isWhole ? undefined : lengths, count };
      });
  }
}

/** By length, ascending: the words of the prefixes that have it. */
function wordsByLength(column: PrefixColumn): ReadonlyMap<number, Uint32Array> {
  const { family, words, lengths } = column;
  const size = wordsOf(family);
  const counts = countLengths(column);
  if (counts.length === 1) return new Map([[present(counts[0]).length, words]]);
  const found: Uint32Array[] = [];
  for (const { length, count } of counts) found[length] = new Uint32Array(count * size);
  const filled = new Uint32Array(fullLength(family) + 1);
  for (let i = 0; i < column.count; i++) {
    const length = lengths[i]!;
    const own = found[length]!;
    for (let w = 0; w < size; w++) own[filled[length]!++] = words[i * size + w]!;
  }
  return new Map(counts.map(({ length }) => [length, found[length]!]));
}
