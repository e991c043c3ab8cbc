import { expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { formatPrefix } from '../../../../src/base/ip.ts';
import { readAddressList } from '../../../../src/formats/sets/list-file.ts';
import type { ListOptions } from '../../../../src/formats/sets/list-options.ts';
import { PLAIN_LIST } from '../../../../src/formats/sets/list-options.ts';
import { prefixesOf } from '../../../../src/policy/prefix-set.ts';

interface Reading {
  /** `10.0.0.0/8 ::1`, IPv4 first. */
  readonly members: string;
  /** `XP0210@2:1`, without notes. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly diags: Diagnostics;
}

function read(content: string | Uint8Array, options: Partial<ListOptions> = {}): Reading {
  const diags = new Diagnostics();
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const set = readAddressList('list.txt', bytes, { ...PLAIN_LIST, ...options }, diags);
  const placed = diags.all.map((d) => ({ d, text: `${d.code}@${d.span.line}:${d.span.column}` }));
  return {
    members: [...prefixesOf(set)].map(formatPrefix).join(' '),
    problems: placed.filter(({ d }) => d.severity !== 'note').map(({ text }) => text),
    notes: placed.filter(({ d }) => d.severity === 'note').map(({ text }) => text),
    diags,
  };
}

type Row = readonly [name: string, content: string, members: string, options?: Partial<ListOptions>];

const NFT = `table inet filter {
	set drop {
		type ipv4_addr
		flags interval,timeout
		elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.3,
			     203.0.113.7 timeout 1h expires 59m30s comment "a, } b",
			     203.0.113.9 counter packets 0 bytes 0 }
	}
}
`;

const good: readonly Row[] = [
  ['semicolon comments', '; DROP list\n192.0.2.0/24 ; SBL1\n198.51.100.0/25;SBL2\n', '192.0.2.0/24 198.51.100.0/25'],
  ['a range', '192.0.2.1-192.0.2.4\n', '192.0.2.1 192.0.2.2/31 192.0.2.4'],
  ['a range with spaces', '192.0.2.0 - 192.0.2.255 , 000 , somebody\n', '192.0.2.0/24'],
  ['an IPv6 range', '2001:db8::-2001:db8::f\n', '2001:db8::/124'],
  ['a range of everything', '0.0.0.0-255.255.255.255\n', '0.0.0.0/0'],
  ['address and mask', '10.0.0.0/255.0.0.0\n', '10.0.0.0/8'],
  [
    'what follows the address',
    '192.0.2.1\t9\n192.0.2.2 evil.example\n192.0.2.3, 5, x\n',
    '192.0.2.1 192.0.2.2 192.0.2.3',
  ],
  ['CSV', 'ip,count\n"192.0.2.1",5\n192.0.2.2,7\n', '192.0.2.1 192.0.2.2', { column: 1 }],
  [
    'the second field of CSV',
    'name,ip\nx,192.0.2.1\n"y, z",192.0.2.2\n,192.0.2.3\n',
    '192.0.2.1 192.0.2.2 192.0.2.3',
    { column: 2 },
  ],
  ['the second field of white space', '9  192.0.2.1  x\n7 192.0.2.2\n', '192.0.2.1 192.0.2.2', { column: 2 }],
  [
    'a hosts file',
    '127.0.0.1 localhost\n::1 localhost ip6-localhost\nff02::1 ip6-allnodes\n192.0.2.7 mail mail.example\n',
    '192.0.2.7',
  ],
  ['a hosts file without loopback', '192.0.2.7 mail\n192.0.2.8 web www\n', '192.0.2.7 192.0.2.8'],
  [
    'ipset save',
    'create bad hash:net family inet hashsize 1024 maxelem 65536 timeout 300\nadd bad 192.0.2.0/24 timeout 299\nadd bad 198.51.100.7 comment "x y"\n',
    '192.0.2.0/24 198.51.100.7',
  ],
  ['ipset restore with options', '-N bad iphash\n-A bad 192.0.2.1\nCOMMIT\n', '192.0.2.1', { format: 'ipset' }],
  ['nft list set', NFT, '192.0.2.0/24 198.51.100.1 198.51.100.2/31 203.0.113.7 203.0.113.9'],
  [
    'nft elements alone',
    'elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.3,\n 203.0.113.7 }\n',
    '192.0.2.0/24 198.51.100.1 198.51.100.2/31 203.0.113.7',
  ],
  [
    'nft add element',
    'add element inet filter drop { 192.0.2.1, 2001:db8::/32 }\nadd element inet filter drop { 192.0.2.2 }',
    '192.0.2.1 192.0.2.2 2001:db8::/32',
  ],
  ['an nft set without elements', 'table inet filter {\n set drop {\n type ipv4_addr\n }\n}\n', ''],
  [
    'a JSON array',
    '["192.0.2.0/24", "2001:db8::/32",\n "192.0.2.7-192.0.2.8"]',
    '192.0.2.0/24 192.0.2.7 192.0.2.8 2001:db8::/32',
  ],
  ['JSON with escaped slashes', '["192.0.2.0\\/24"]', '192.0.2.0/24'],
  [
    'JSON objects with one address',
    '[{"cidr":"192.0.2.0/24","n":1},{"cidr":"192.0.2.7","n":2}]',
    '192.0.2.0/24 192.0.2.7',
  ],
  ['JSON objects by field', '[{"from":"10.0.0.1","to":"192.0.2.1"}]', '192.0.2.1', { field: 'to' }],
  [
    'NDJSON with a line about the list',
    '{"cidr":"192.0.2.0/24","id":"A"}\n{"type":"metadata","timestamp":1}\n',
    '192.0.2.0/24',
  ],
  [
    'an object with a list inside',
    '{"v":1,"prefixes":[{"ip_prefix":"192.0.2.0/24"},{"ip_prefix":"198.51.100.0/24"}]}',
    '192.0.2.0/24 198.51.100.0/24',
    { field: 'prefixes.ip_prefix' },
  ],
  [
    'p2p',
    'Some Company; Ltd.:192.0.2.0-192.0.2.255\n#c\nA: B #3:198.51.100.1-198.51.100.1\n',
    '192.0.2.0/24 198.51.100.1',
  ],
  ['carriage returns and a byte order mark', '\ufeff["192.0.2.1"]\r\n', '192.0.2.1'],
];
for (const [name, content, members, options] of good) {
  test(`list: ${name}`, () => {
    const reading = read(content, options);
    expect(reading.problems).toEqual([]);
    expect(reading.members).toBe(members);
  });
}

const bad: readonly (readonly [
  name: string,
  content: string | Uint8Array,
  problems: string,
  options?: Partial<ListOptions>,
])[] = [
  ['an HTML page', '<html><body>429 Too Many Requests</body></html>\n', 'XP0208@1:1'],
  ['a document type', '\n<!DOCTYPE html>\n', 'XP0208@1:1'],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'XP0208@1:1'],
  ['a ZIP archive', Uint8Array.of(0x50, 0x4b, 3, 4), 'XP0208@1:1'],
  ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x31, 0x00), 'XP0208@1:1'],
  ['binary data', Uint8Array.of(0x31, 0, 0, 0x32), 'XP0208@1:1'],
  ['two addresses', '192.0.2.1, 192.0.2.2\n', 'XP0223@1:1'],
  ['an address and its mask', '192.0.2.0 255.255.255.0\n', 'XP0223@1:1'],
  ['start and end', '192.0.2.0\t192.0.2.255\t24\n', 'XP0223@1:1'],
  ['a column that is missing', '192.0.2.1\n', 'XP0224@1:1', { column: 2 }],
  ['a hosts file of names', '0.0.0.0 ads.example\n0.0.0.0 more.example\n', 'XP0225@1:1'],
  ['ipset: two sets', 'add a 192.0.2.1\nadd b 192.0.2.2\n', 'XP0226@2:1'],
  ['ipset: an exception', 'add a 192.0.2.0/24\nadd a 192.0.2.1 nomatch\n', 'XP0226@2:1'],
  ['ipset: an entry with a port', 'add a 192.0.2.1,tcp:80\n', 'XP0201@1:7'],
  ['nft: cut', 'elements = { 192.0.2.1,\n 192.0.2', 'XP0226@2:8'],
  ['nft: no elements', 'table inet filter { chain x { } }', 'XP0226@1:1'],
  ['nft: a concatenation', 'elements = { 192.0.2.1 . 80 }', 'XP0226@1:14'],
  ['nft: no address', 'elements = { 192.0.2.1,\n 192.0.2.300 }', 'XP0201@2:2'],
  ['JSON: cut', '["192.0.2.0/24", "198.51', 'XP0227@1:1'],
  ['NDJSON: cut', '{"a":"192.0.2.0/24"}\n{"a":"198.51', 'XP0227@2:1'],
  ['JSON: a number', '["192.0.2.1", 7]', 'XP0227@1:3'],
  ['JSON: two addresses', '[{"a":"192.0.2.1","b":"192.0.2.2"}]', 'XP0228@1:1'],
  ['JSON: no address', '[{"a":"x"}]', 'XP0228@1:1'],
  ['JSON: another field', '[{"a":"192.0.2.1"},{"b":"192.0.2.2"}]', 'XP0228@1:8'],
  ['JSON: a bad address', '["192.0.2.1",\n"192.0.2.300"]', 'XP0201@2:2'],
  ['p2p: no range', 'a:192.0.2.1-192.0.2.2\nb:c\n', 'XP0210@2:3'],
];
for (const [name, content, problems, options] of bad) {
  test(`damaged list: ${name}`, () => expect(read(content, options).problems.join()).toBe(problems));
}

test('IPv4-mapped addresses are read as IPv4 and told once; all of them is no IPv4 address at all', () => {
  const { members, notes, problems } = read('::ffff:192.0.2.1\n0:0:0:0:0:ffff:192.0.2.2\n::ffff:0:0/96\n');
  expect(members).toBe('192.0.2.1 192.0.2.2 ::ffff:0:0/96');
  expect(notes).toEqual(['XP0215@1:1']);
  expect(problems).toEqual(['XP0216@3:1']);
});

test('a title, and lines without an address, are told once', () => {
  expect(read('ip,n\n192.0.2.1,2\n', { column: 1 }).notes).toEqual(['XP0222@1:1']);
  expect(read('127.0.0.1 localhost\n::1 localhost\n192.0.2.1 x\n').notes).toEqual(['XP0222@1:1']);
});

/** Enough that work which grows with the square of the length would not end in time. */
const LONG = 30_000;

test('long lists of each form take no more than their length', () => {
  const addresses = Array.from({ length: LONG }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  const escaped = addresses.map((address) => `"${address}\\/32"`);
  const forms: readonly string[] = [
    addresses.map((address) => `${address}\tx`).join('\n'),
    addresses.map((address) => `add s ${address}`).join('\n'),
    `elements = { ${addresses.join(', ')} }`,
    `elements = { ${addresses.join(',\n')} }`,
    JSON.stringify(addresses),
    JSON.stringify(addresses.map((address) => ({ address }))),
    `[${escaped.join()}]`,
    addresses.map((address) => JSON.stringify({ address })).join('\n'),
    addresses.map((address) => `l:${address}-${address}`).join('\n'),
  ];
  for (const form of forms) {
    const { members, problems } = read(form);
    expect(problems).toEqual([]);
    expect(members.split(' ')).toHaveLength(LONG);
  }
});
