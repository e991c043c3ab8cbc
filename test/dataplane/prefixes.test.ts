/** Prefixes of every length through the kernel, nested in one another, at either end of a packet. */
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Address, Family } from '../../src/base/ip.ts';
import { formatAddress, formatPrefix, fullLength, parseAddress, prefixOf } from '../../src/base/ip.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import type { KernelRow } from '../support/kernel-table.ts';
import { kernelOutcomes, kernelTable, referenceOutcomes } from '../support/kernel-table.ts';
import { tcp } from '../support/packets.ts';
import { A4, A6, B4, B6 } from '../support/parse-policy.ts';
import { block, permit, policyOf } from '../support/policies.ts';

function bitFlipped(address: Address, bit: number): Address {
  const words = address.words.map((word, i) => (i === bit >>> 5 ? (word ^ (0x80000000 >>> (bit & 31))) >>> 0 : word));
  return { family: address.family, words };
}

/** Bits from `bit` on, set or cleared. */
function filledFrom(address: Address, bit: number, value: 0 | 1): Address {
  const kept = prefixOf(address, bit).words;
  const ones = address.words.map((_, i) => {
    const free = Math.min(32, Math.max(0, 32 * (i + 1) - bit));
    return free === 0 ? 0 : 0xffffffff >>> (32 - free);
  });
  return {
    family: address.family,
    words: kept.map((word, i) => (value === 1 ? (word | present(ones[i])) >>> 0 : word)),
  };
}

/** The addresses that are in the prefix of `length` and not in the next longer one: the first and the last. */
function onlyWithin(address: Address, length: number): readonly Address[] {
  if (length === fullLength(address.family)) return [address];
  const beside = bitFlipped(address, length);
  return [filledFrom(beside, length + 1, 0), filledFrom(beside, length + 1, 1)];
}

const CENTRES: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.77.128.200', '0.0.0.0', '255.255.255.255', '127.255.255.255', '128.0.0.0'],
  6: [
    '2001:db8:1234:5678:9abc:def0:1357:2468',
    '::',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:db8::ffff:ffff:ffff:ffff',
    '2001:db8:0:1::',
  ],
};
const OTHER: Readonly<Record<Family, string>> = { 4: '192.0.2.1', 6: '2001:db9::1' };

for (const family of [4, 6] as const) {
  for (const end of ['from', 'to'] as const) {
    describe(`nested prefixes of every length, IPv${family}, ${end}`, () => {
      for (const centre of CENTRES[family]) {
        test(centre, () => {
          const address = present(parseAddress(centre));
          const lengths = Array.from({ length: fullLength(family) + 1 }, (_, length) => length);
          const rules = lengths.map((length) => {
            const prefix =
              length === fullLength(family) ? `${centre}/${length}` : formatPrefix(prefixOf(address, length));
            return { ...(length % 2 === 0 ? permit : block)({ [end]: prefix }), name: `/${length}` };
          });
          const policy = policyOf(rules);
          const cases = lengths.flatMap((length) =>
            onlyWithin(address, length).map((within) => {
              const text = formatAddress(within);
              const packet = end === 'from' ? tcp(text, OTHER[family]) : tcp(OTHER[family], text);
              return [packet, `${length % 2 === 0 ? 'pass' : 'drop'} /${length}`] as const;
            }),
          );
          const packets = cases.map(([packet]) => packet);
          const wanted = cases.map(([packet, outcome]) => [packet.summary, outcome]);
          const named = (outcomes: readonly string[]): unknown => outcomes.map((o, i) => [packets[i]?.summary, o]);
          expect(named(referenceOutcomes(policy, packets))).toEqual(wanted);
          for (const direction of DIRECTIONS) expect(named(kernelOutcomes(policy, packets, direction))).toEqual(wanted);
        });
      }
    });
  }
}

const ALL4 = '0.0.0.0/0';
const ALL6 = '::/0';
const LAST6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

kernelTable('every address of one family', policyOf([permit({ from: ALL4 }), block({ to: ALL6, protocol: 'tcp' })]), [
  ['IPv4', tcp(A4, B4), 'pass permit 1'],
  ['0.0.0.0', tcp('0.0.0.0', '0.0.0.0'), 'pass permit 1'],
  ['255.255.255.255', tcp('255.255.255.255', '255.255.255.255'), 'pass permit 1'],
  ['IPv6', tcp(A6, B6), 'drop block 2'],
  ['::', tcp('::', '::'), 'drop block 2'],
  ['the highest', tcp(LAST6, LAST6), 'drop block 2'],
]);

// As specific as any: length 0. So the action decides.
kernelTable('a prefix of length 0 against any', policyOf([permit({ from: ALL4 }), permit({ from: ALL6 }), block({})]), [
  ['IPv4', tcp(A4, B4), 'drop block 3'],
  ['IPv6', tcp(A6, B6), 'drop block 3'],
]);

/** First and last address of each prefix, and one off it, where there is one. */
const EDGES: readonly KernelRow[] = [
  ['0.0.0.0 is below 0.0.0.1', tcp('0.0.0.0', B4), 'pass default'],
  ['0.0.0.1', tcp('0.0.0.1', B4), 'drop block 1'],
  ['0.0.0.2', tcp('0.0.0.2', B4), 'pass default'],
  ['255.255.255.253', tcp('255.255.255.253', B4), 'pass default'],
  ['255.255.255.254', tcp('255.255.255.254', B4), 'drop block 2'],
  ['255.255.255.255', tcp('255.255.255.255', B4), 'drop block 2'],
  ['127.255.255.255', tcp(A4, '127.255.255.255'), 'pass default'],
  ['128.0.0.0', tcp(A4, '128.0.0.0'), 'drop block 3'],
  ['128.0.255.255', tcp(A4, '128.0.255.255'), 'drop block 3'],
  ['128.1.0.0', tcp(A4, '128.1.0.0'), 'pass default'],
  [':: is below ::1', tcp('::', B6), 'pass default'],
  ['::1', tcp('::1', B6), 'drop block 4'],
  ['::2', tcp('::2', B6), 'pass default'],
  ['fffe:...', tcp('fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', B6), 'pass default'],
  ['ffff::', tcp('ffff::', B6), 'drop block 5'],
  ['the highest', tcp(LAST6, B6), 'drop block 5'],
  ['the last of the /64 before', tcp(A6, '2001:db8:0:f:ffff:ffff:ffff:ffff'), 'pass default'],
  ['the first of a /60', tcp(A6, '2001:db8:0:10::'), 'drop block 6'],
  ['the last of a /60', tcp(A6, '2001:db8:0:1f:ffff:ffff:ffff:ffff'), 'drop block 6'],
  ['the one behind it', tcp(A6, '2001:db8:0:20::'), 'pass default'],
  ['below a /68 within a /64', tcp(A6, '2001:db8:0:40:3fff:ffff:ffff:ffff'), 'pass default'],
  ['the first of it', tcp(A6, '2001:db8:0:40:4000::'), 'drop block 7'],
  ['the last of it', tcp(A6, '2001:db8:0:40:4fff:ffff:ffff:ffff'), 'drop block 7'],
  ['behind it', tcp(A6, '2001:db8:0:40:5000::'), 'pass default'],
  ['the same place in the /64 before', tcp(A6, '2001:db8:0:3f:4000::'), 'pass default'],
  ['the same place in the /64 behind', tcp(A6, '2001:db8:0:41:4000::'), 'pass default'],
];
const EDGE_RULES = [
  block({ from: '0.0.0.1' }),
  block({ from: '255.255.255.254/31' }),
  block({ to: '128.0.0.0/16' }),
  block({ from: '::1' }),
  block({ from: 'ffff::/16' }),
  block({ to: '2001:db8:0:10::/60' }),
  block({ to: '2001:db8:0:40:4000::/68' }),
];
for (const mode of ['dense', 'rows', 'sparse', 'ranks'] as const) {
  kernelTable(`edges of prefixes, ${mode}`, policyOf(EDGE_RULES), EDGES, { mode });
}
