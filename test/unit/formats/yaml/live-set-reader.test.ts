/** Live sets as a policy file declares them. */
import { describe, expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { plainPolicy } from '../../../../src/formats/yaml/print.ts';
import { policyWith, readText } from '../../../support/read-text.ts';

function liveOf(set: string): unknown {
  const { policy, codes } = readText(policyWith('{ source: $bans }', `{ bans: ${set} }`));
  return present(policy, codes.join()).addressSets.get('bans')?.live;
}

describe('what a live set is', () => {
  test('by default it has room for 100,000 members of two lengths in each family', () => {
    expect(liveOf('{ live: true }')).toEqual({ capacity: 100_000, levels: { 4: [32, 24], 6: [128, 64] } });
  });

  test('levels of both families stand in one list, and whole addresses are always among them', () => {
    expect(liveOf('{ live: true, capacity: 7, levels: [24, 48, 28] }')).toEqual({
      capacity: 7,
      levels: { 4: [32, 28, 24], 6: [128, 48] },
    });
  });

  test('its name is short enough for its file', () => {
    const read = (length: number): unknown => {
      const name = 'a'.repeat(length);
      return readText(policyWith(`{ source: $${name} }`, `{ ${name}: { live: true } }`)).codes;
    };
    expect(read(200)).toEqual([]);
    expect(read(201)).toContain('XP0010@1:26');
  });

  test('it is printed so that it is read back', () => {
    const { policy } = readText(policyWith('{ source: $bans }', '{ bans: { live: true, levels: [28] } }'));
    const printed = readText(JSON.stringify(plainPolicy(present(policy))));
    expect(printed.policy?.addressSets.get('bans')?.live).toEqual({
      capacity: 100_000,
      levels: { 4: [32, 28], 6: [128] },
    });
  });
});

describe('feeds', () => {
  const feeds: readonly (readonly [set: string, feed: object])[] = [
    [
      '{ url: "https://lists.example/drop.txt", every: 10m, format: json, field: cidr, exclude: [10.0.0.0/8, me] }',
      {
        source: { kind: 'url', url: 'https://lists.example/drop.txt', seconds: 600 },
        list: { format: 'json', field: 'cidr' },
        exclude: ['10.0.0.0/8', 'me'],
        split: false,
      },
    ],
    [
      '{ file: /srv/list.csv, watch: true, column: 2, split: true, exclude: local }',
      { source: { kind: 'file', path: '/srv/list.csv' }, list: { column: 2 }, exclude: ['local'], split: true },
    ],
    [
      '{ live: true, crowdsec: { url: "http://127.0.0.1:8080", keyFile: /etc/key } }',
      {
        source: { kind: 'crowdsec', url: 'http://127.0.0.1:8080', keyFile: '/etc/key', seconds: 10 },
        list: {},
        exclude: [],
        split: false,
      },
    ],
  ];
  test.each(feeds)('%s is read, printed and read back', (set, feed) => {
    expect(liveOf(set)).toMatchObject({ feed });
    const { policy } = readText(policyWith('{ source: $bans }', `{ bans: ${set} }`));
    const printed = readText(JSON.stringify(plainPolicy(present(policy))));
    expect(printed.policy?.addressSets.get('bans')?.live).toEqual(policy?.addressSets.get('bans')?.live);
  });

  const bad: readonly (readonly [set: string, code: string, message: string])[] = [
    ['{ url: "https://a.example/l", file: /l, watch: true }', 'XP0235', 'found both url and file'],
    ['{ every: 1h }', 'XP0235', 'found none of them'],
    ['{ url: "https://a.example/l", every: 10s }', 'XP0235', 'cannot be fetched every "10s"'],
    ['{ url: "https://a.example/l", watch: true }', 'XP0235', 'watch is for file'],
    ['{ url: "file:///etc/passwd" }', 'XP0235', 'is no URL that a list can be fetched from'],
    ['{ url: "https://me:secret@a.example/l" }', 'XP0235', 'is no URL that a list can be fetched from'],
    ['{ file: list.txt, watch: true }', 'XP0235', '"list.txt" is no absolute path'],
    ['{ file: /list.txt, split: true }', 'XP0235', 'a file that is a feed has watch: true'],
    ['{ file: /list.txt, watch: true, every: 1h }', 'XP0235', 'a watched file is read when it changes'],
    ['{ url: "https://a.example/l", exclude: [nobody.example] }', 'XP0218', 'cannot leave out "nobody.example"'],
    ['{ url: "https://a.example/l", addresses: [10.0.0.1] }', 'XP0230', 'a live set has no addresses'],
    ['{ url: "https://a.example/l", column: 0 }', 'XP0224', 'there is no column 0'],
  ];
  test.each(bad)('%s: %s, %s', (set, code, message) => {
    const { diagnostics } = readText(policyWith('{ source: $bans }', `{ bans: ${set} }`));
    expect(diagnostics.map((one) => `${one.code} ${one.message}`)).toEqual([expect.stringContaining(message)]);
    expect(diagnostics[0]?.code).toBe(code);
  });
});

const many = Array.from({ length: 17 }, (_, i) => `s${i}: { live: true }`).join(', ');
const wrong: readonly (readonly [sets: string, filter: string, ...codes: string[]])[] = [
  ['{ bans: { live: true, file: x } }', '{ source: $bans }', 'XP0230@1:46'],
  ['{ bans: { live: true, addresses: [10.0.0.1] } }', '{ source: $bans }', 'XP0230@1:46'],
  ['{ bans: { live: true, capacty: 3 } }', '{ source: $bans }', 'XP0005@1:46'],
  ['{ bans: { live: false } }', '{ source: $bans }', 'XP0006@1:40'],
  ['{ bans: { live: "true" } }', '{ source: $bans }', 'XP0006@1:40'],
  ['{ bans: { live: true, capacity: 0 } }', '{ source: $bans }', 'XP0234@1:56'],
  ['{ bans: { live: true, capacity: 3000001 } }', '{ source: $bans }', 'XP0234@1:56'],
  ['{ bans: { live: true, capacity: -1 } }', '{ source: $bans }', 'XP0234@1:56'],
  ['{ bans: { capacity: 3 } }', '{ source: $bans }', 'XP0230@1:32'],
  ['{ bans: { live: true, levels: [16] } }', '{ source: $bans }', 'XP0231@1:55'],
  ['{ bans: { live: true, levels: [65] } }', '{ source: $bans }', 'XP0231@1:55'],
  ['{ bans: { live: true } }', '{ source: { addresses: [any, $bans], exclude: me } }', 'XP0233@2:47'],
  ['{ bans: { live: true } }', '{ source: { addresses: any, exclude: [$bans] } }', 'XP0233@2:38'],
  [
    `{ ${many} }`,
    '{ source: [$s0, $s1, $s2, $s3, $s4, $s5, $s6, $s7, $s8, $s9, $s10, $s11, $s12, $s13, $s14, $s15, $s16] }',
    'XP0232@1:352',
  ],
];

test.each(wrong)('%s with %s: %s', (sets, filter, ...codes) => {
  expect(readText(policyWith(filter, sets)).codes).toEqual(expect.arrayContaining(codes));
});
