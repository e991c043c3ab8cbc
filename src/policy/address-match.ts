/** The parts of an address as written, and ranges of addresses. */
import { present } from '../base/assert.ts';
import type { Address, Prefix } from '../base/ip.ts';
import { formatAddress, formatPrefix, fullLength, isCanonical, prefixOf, wordMask } from '../base/ip.ts';
import type { AddressMatch, Policy, SingleAddress } from './model.ts';

/** Members and exclusions of a list; any other address alone. */
export function singleAddresses(match: AddressMatch): readonly SingleAddress[] {
  return match.kind === 'list' ? [...match.members, ...match.exclude] : [match];
}

/** Every address that the policy's rules name, and what their sets leave out. */
export function* addressesOf(policy: Policy): Generator<SingleAddress> {
  for (const { filterList } of policy.rules) {
    for (const { source, destination } of filterList.filters) {
      yield* singleAddresses(source);
      yield* singleAddresses(destination);
    }
  }
  for (const { exclude } of policy.addressSets.values()) yield* exclude;
}

/** One text for each meaning: `$office`, `10.0.0.0/8`, `10.0.0.5-10.0.0.9`, `[me, 10.0.0.0/8] but [10.1.0.0/16]`. */
export function addressText(match: AddressMatch): string {
  switch (match.kind) {
    case 'prefix':
      return formatPrefix(match.prefix);
    case 'range':
      return `${formatAddress(match.first)}-${formatAddress(match.last)}`;
    case 'set':
      return `$${match.name}`;
    case 'name':
      return match.name;
    case 'list': {
      const members = `[${match.members.map(addressText).join(', ')}]`;
      return match.exclude.length === 0 ? members : `${members} but [${match.exclude.map(addressText).join(', ')}]`;
    }
    default:
      return match.kind;
  }
}

/** The fewest prefixes that together are the addresses from `first` to `last`, which is not before it. */
export function rangePrefixes(first: Address, last: Address): readonly Prefix[] {
  const prefixes: Prefix[] = [];
  let start: Address | undefined = first;
  while (start !== undefined && compareAddresses(start, last) <= 0) {
    const length = widestFrom(start, last);
    prefixes.push(prefixOf(start, length));
    start = addressAfter(start, length);
  }
  return prefixes;
}

export function compareAddresses(a: Address, b: Address): number {
  return a.words.map((word, w) => word - present(b.words[w])).find((difference) => difference !== 0) ?? 0;
}

/** The shortest length of a prefix that starts at `start` and ends no later than `last`. */
function widestFrom(start: Address, last: Address): number {
  let length: number = fullLength(start.family);
  while (length > 0 && isCanonical(start, length - 1) && compareAddresses(lastOf(start, length - 1), last) <= 0)
    length--;
  return length;
}

function lastOf(start: Address, length: number): Address {
  return { family: start.family, words: start.words.map((word, w) => (word | ~wordMask(length, w)) >>> 0) };
}

/** undefined where the prefix ends the address space. */
function addressAfter(start: Address, length: number): Address | undefined {
  const words = [...lastOf(start, length).words];
  for (let w = words.length - 1; w >= 0; w--) {
    if (words[w] !== 0xffffffff) {
      words[w] = present(words[w]) + 1;
      return { family: start.family, words };
    }
    words[w] = 0;
  }
  return undefined;
}
