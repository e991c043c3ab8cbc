/** What `local` stands for: every destination whose packets reach this host's sockets. */
import { present } from '../base/assert.ts';
import type { Address, Prefix } from '../base/ip.ts';
import { parseAddress, prefixOf, wholeAddress } from '../base/ip.ts';
import type { HostAddresses } from './model.ts';

/** Addresses that every host hears: the limited broadcast, 0.0.0.0 (an old broadcast) and multicast. */
const HEARD_BY_ALL: readonly Prefix[] = [
  ['255.255.255.255', 32],
  ['0.0.0.0', 32],
  ['224.0.0.0', 4],
  ['ff00::', 8],
].map(([address, length]) => prefixOf(present(parseAddress(String(address))), Number(length)));

/** Each with its own prefix length. */
export function localPrefixes({ me, broadcasts }: Pick<HostAddresses, 'me' | 'broadcasts'>): readonly Prefix[] {
  return [...me.map(wholeAddress), ...broadcasts.map(wholeAddress), ...HEARD_BY_ALL];
}

/** The broadcast address of a subnet; undefined where the subnet has none (RFC 3021). */
export function broadcastOf(address: Address, prefixLength: number): Address | undefined {
  const [word] = address.words;
  if (address.family !== 4 || word === undefined || prefixLength > 30 || prefixLength === 0) return undefined;
  return { family: 4, words: [(word | (0xffffffff >>> prefixLength)) >>> 0] };
}
