/**
 * Pass 1. Symbolic addresses become conditions: sets of prefixes of one family and one length, so
 * that a condition has one place in the order of specificity. Pure: the host's addresses are given.
 */
import { present } from '../../base/assert.ts';
import type { Family, Prefix } from '../../base/ip.ts';
import { formatPrefix } from '../../base/ip.ts';
import { localPrefixes } from '../../policy/local.ts';
import type { AddressMatch, HostAddresses, Policy } from '../../policy/model.ts';
import type { PrefixColumn, PrefixSet } from '../../policy/prefix-set.ts';
import { hostSet, prefixSetOf, wordsOf } from '../../policy/prefix-set.ts';

/** An address matches the condition where one of the prefixes contains it. */
export interface AddressCondition {
  /** Unique within one compilation; 0 is `any`. */
  readonly id: number;
  /** The same for all conditions of one address: where several hold, only the longest counts. */
  readonly group: number;
  /** undefined: any address of both families. */
  readonly family: Family | undefined;
  readonly length: number;
  /** Sorted and disjoint; the words of `any` are empty. */
  readonly words: Uint32Array;
  readonly count: number;
}

export const ANY_ADDRESS: AddressCondition = {
  id: 0,
  group: 0,
  family: undefined,
  length: 0,
  words: new Uint32Array(0),
  count: 0,
};

/** Addresses that stand for a set that has to be looked up. */
type SymbolicMatch = Exclude<AddressMatch, { kind: 'any' | 'prefix' }>;

const ANY: readonly AddressCondition[] = [ANY_ADDRESS];

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
    const key = keyOf(match);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const conditions =
      match.kind === 'prefix' ? [this.#single(match.prefix)] : this.#conditionsOf(this.#prefixes(match));
    this.#known.set(key, conditions);
    return conditions;
  }

  /** A set of one: policies have tens of thousands of these. */
  #single({ family, length, words }: Prefix): AddressCondition {
    const id = this.#nextId++;
    return { id, group: id, family, length, words: Uint32Array.from(words), count: 1 };
  }

  #conditionsOf(set: PrefixSet): AddressCondition[] {
    const group = this.#nextId;
    return [...this.#byLength(set.v4, group), ...this.#byLength(set.v6, group)];
  }

  #prefixes(match: SymbolicMatch): PrefixSet {
    switch (match.kind) {
      case 'me':
        return hostSet(this.#host.me);
      case 'local':
        return prefixSetOf(localPrefixes(this.#host));
      case 'name':
        return hostSet(this.#host.names.get(match.name) ?? []);
      case 'set':
        return present(this.#policy.addressSets.get(match.name), `address set ${match.name}`).prefixes;
    }
  }

  #byLength(column: PrefixColumn, group: number): AddressCondition[] {
    const size = wordsOf(column.family);
    const counts = new Map<number, number>();
    for (const length of column.lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
    const lengths = [...counts.keys()].sort((a, b) => a - b);
    return lengths.map((length) => {
      const count = present(counts.get(length));
      const words = new Uint32Array(count * size);
      let filled = 0;
      for (let i = 0; i < column.count; i++) {
        if (column.lengths[i] !== length) continue;
        for (let w = 0; w < size; w++) words[filled++] = column.words[i * size + w]!;
      }
      return { id: this.#nextId++, group, family: column.family, length, words, count };
    });
  }
}

function keyOf(match: Exclude<AddressMatch, { kind: 'any' }>): string {
  switch (match.kind) {
    case 'me':
    case 'local':
      return match.kind;
    case 'prefix':
      return `prefix ${match.prefix.family} ${formatPrefix(match.prefix)}`;
    case 'name':
    case 'set':
      return `${match.kind} ${match.name}`;
  }
}
