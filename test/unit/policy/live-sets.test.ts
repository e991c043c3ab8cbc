import { describe, expect, test } from 'vitest';
import { formatPrefix } from '../../../src/base/ip.ts';
import { classify } from '../../../src/policy/classify.ts';
import { blocksOf, DEFAULT_LEVELS } from '../../../src/policy/live-sets.ts';
import type { AddressSet } from '../../../src/policy/model.ts';
import { decodePacket } from '../../../src/policy/packet/decode.ts';
import { tcp } from '../../support/packets.ts';
import { block, hostOf, permit, policyOf, prefixFrom, setsOf } from '../../support/policies.ts';

const LIVE = { capacity: 50, levels: DEFAULT_LEVELS };
const SETS = new Map<string, AddressSet>(
  [...setsOf({ bans: [] })].map(([name, set]) => [name, { ...set, live: LIVE }]),
);
const POLICY = policyOf([block({ from: '$bans' }), permit({ from: '10.0.0.0/28' })], { addressSets: SETS });

function verdictWith(members: readonly string[], source: string): string {
  const own = setsOf({ bans: members }).get('bans');
  const host = { ...hostOf(['192.0.2.1']), members: own === undefined ? undefined : new Map([['bans', own.prefixes]]) };
  return classify(POLICY, host, decodePacket(tcp(source, '192.0.2.1').frame)).verdict;
}

describe('the reference classifier', () => {
  const cases: readonly (readonly [members: readonly string[], source: string, verdict: string])[] = [
    [[], '10.0.0.1', 'pass'],
    [['10.0.0.1'], '10.0.0.1', 'drop'],
    [['10.0.0.1'], '10.0.0.2', 'pass'],
    // Shorter than the /28 that is permitted.
    [['10.0.0.0/24'], '10.0.0.1', 'pass'],
    [['10.0.0.0/24'], '10.0.0.17', 'drop'],
    [['10.0.0.0/24', '10.0.0.1'], '10.0.0.1', 'drop'],
  ];
  test.each(cases)('with %j a packet from %s: %s', (members, source, verdict) => {
    expect(verdictWith(members, source)).toBe(verdict);
  });
});

describe('parts of other lengths', () => {
  const cases: readonly (readonly [prefix: string, blocks: readonly string[]])[] = [
    ['192.0.2.7/32', ['192.0.2.7/32']],
    ['192.0.2.0/24', ['192.0.2.0/24']],
    ['192.0.2.252/30', ['192.0.2.252/32', '192.0.2.253/32', '192.0.2.254/32', '192.0.2.255/32']],
    ['10.0.0.0/22', ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24', '10.0.3.0/24']],
    ['2001:db8:0:fffe::/63', ['2001:db8:0:fffe::/64', '2001:db8:0:ffff::/64']],
  ];
  test.each(cases)('%s', (text, blocks) => {
    expect(blocksOf(prefixFrom(text), DEFAULT_LEVELS)?.map(formatPrefix)).toEqual(
      blocks.map((one) => formatPrefix(prefixFrom(one))),
    );
  });

  test('a prefix has 256 parts at most', () => {
    expect(blocksOf(prefixFrom('10.0.0.0/16'), DEFAULT_LEVELS)).toHaveLength(256);
    expect(blocksOf(prefixFrom('10.0.0.0/15'), DEFAULT_LEVELS)).toBeUndefined();
    expect(blocksOf(prefixFrom('2001:db8::/48'), DEFAULT_LEVELS)).toBeUndefined();
  });
});
