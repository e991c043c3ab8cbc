/** Inputs of the fuzz run: each is made from the seed and its number alone, so that any one can be made again. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { present } from '../../src/base/assert.ts';
import { Random } from '../../src/base/random.ts';
import { laterFragment, TAG, tagged, tcp, udp } from '../support/packets.ts';
import { pcapFile, pcapngFile } from '../support/pcap.ts';

export const TARGETS = ['policy', 'filterspec', 'packet', 'chart', 'set', 'capture', 'frame'] as const;
export type Target = (typeof TARGETS)[number];

export interface FuzzInput {
  readonly target: Target;
  readonly bytes: Uint8Array;
}

/** Of 100 inputs. */
const SHARES: Readonly<Record<Target, number>> = {
  policy: 20,
  filterspec: 22,
  packet: 18,
  chart: 12,
  set: 12,
  capture: 8,
  frame: 8,
};
/** Of 100 inputs of a target, so many are noise; the others are mutated valid ones. */
const NOISE = 10;
const LONGEST_NOISE = 400;
const LONGEST_SEED = 2_500;

const encoder = new TextEncoder();
const root = new URL('../../', import.meta.url);

function filesIn(folder: string, ending: string): Uint8Array[] {
  const names = readdirSync(new URL(folder, root)).filter((name) => name.endsWith(ending));
  return names
    .map((name) => new Uint8Array(readFileSync(new URL(`${folder}/${name}`, root))))
    .filter((bytes) => bytes.length <= LONGEST_SEED);
}

const FRAMES = [
  tcp('10.1.2.3', '192.0.2.1').frame,
  udp('2001:db8::1', '2001:db8::2', { payload: new Uint8Array(37) }).frame,
  tagged(laterFragment(tcp('10.1.2.3', '192.0.2.1')), TAG.vlan).frame,
];

const DENSE_POLICY = `name: a
description: |
  two
  lines
default: block
strict: false
compat: windows2000
exemptions: [neighbor-discovery, kerberos]
addressSets:
  office: [10.1.0.0/16, 2001:db8:1::/48]
  file: { file: set.txt }
filterLists:
  web: # all of it
    - "*+131.107.1.1:80:TCP"
    # the set
    - &f { source: $office, destination: me, protocol: tcp, destinationPort: [22, 80-90], mirrored: established }
    - *f
rules:
  - { name: web, filterList: web, action: permit, interfaces: [eth0] }
  - { name: ping, action: block, filters: [{ source: $file, protocol: icmp, icmpType: 8, icmpCode: 0 }] }
`;
const SCRIPT = `@echo off
netsh ipsec static add policy name = GUARD
netsh ipsec static add filter filterlist="web" any dstaddr=me mirror=no prot=tcp dstport=80 desc=the web && echo done
C:\\>netsh ips st add filter L 0 srcmask=255.255.255.255 dstaddr=10.0.0.1-10.0.0.9 > nul 2>&1
netsh ipsec static add rule name=web policy=GUARD filterlist=web filteraction=Permit conntype=lan
ipsecpol \\\\ host -w REG -p GUARD -r r -f (*+0:80:TCP) [*+0] -lan
netsh ipsec static set policy GUARD assign=y
`;
const JSON_POLICY =
  '{"name":"a","rules":[{"name":"r","action":"permit","filters":[{"protocol":"tcp","established":true},"0=*"]}]}';

export const SEEDS: Readonly<Record<Target, readonly Uint8Array[]>> = {
  policy: [
    ...[DENSE_POLICY, DENSE_POLICY, DENSE_POLICY, JSON_POLICY, JSON_POLICY, JSON_POLICY].map((text) =>
      encoder.encode(text),
    ),
    ...filesIn('examples', '.yaml'),
    ...filesIn('test/golden/diagnostics', '.yaml'),
  ],
  filterspec: [
    '*+131.107.1.1:80:TCP',
    '[10.0.0.0/255.0.0.0:53=[2001:db8::1]/32::UDP]',
    '(0+host.example::6)',
    '10.*.*.*+172.31.0.0/255.255.0.0:0:RAW *=0',
    '[2001:db8::/32]:53+[::1]:53:UDP',
  ].map((text) => encoder.encode(text)),
  packet: [
    'tcp 203.0.113.9:40000 -> 131.107.1.1:80 established',
    'icmp 10.0.0.1 -> 131.107.1.1 type 8 code 0',
    'udp [2001:db8::1]:53 -> [2001:db8::2]:4000',
    '47 10.0.0.1 -> 10.0.0.2 fragment hoplimit 255',
  ].map((text) => encoder.encode(text)),
  chart: [
    ...filesIn('examples', '.csv'),
    ...filesIn('test/golden/chart', '.csv'),
    ...filesIn('test/golden/chart', '.md'),
    ...filesIn('test/golden/netsh', '.cmd'),
    encoder.encode(SCRIPT),
  ],
  set: [
    '10.0.0.1\n10.1.0.0/16 # a\r\n\r\n2001:db8::/32\n192.168.0.0/255.255.0.0\n10.*.*.*\n# end',
    '10.0.0.1-10.0.0.9\n10.1.0.0 - 10.1.0.255\n2001:db8::1-2001:db8::ff\n',
    '10.0.0.0/8 ; SBL1\n; comment\n192.0.2.0/24\t7\n',
    '[{"cidr":"10.0.0.0/8"},{"cidr":"2001:db8::/32"},"192.0.2.1"]',
    'create bad hash:net family inet\nadd bad 10.0.0.0/8 timeout 5\nadd bad 192.0.2.1\n',
    'table inet t {\n set s {\n elements = { 10.0.0.0/8, 192.0.2.1-192.0.2.9 }\n }\n}\n',
    '<html><body>10.0.0.1</body></html>',
  ].map((text) => encoder.encode(text)),
  capture: [
    pcapFile(FRAMES),
    pcapFile(FRAMES, { bigEndian: true, nanoseconds: true }),
    pcapngFile(FRAMES),
    pcapngFile(FRAMES, { bigEndian: true, block: 'simple' }),
    pcapngFile(FRAMES, { block: 'obsolete', resolution: 0x86, offsetSeconds: 5n }),
    new Uint8Array(gzipSync(pcapFile(FRAMES))),
  ],
  frame: FRAMES,
};

const WORDS: readonly Uint8Array[] = [
  ...[
    '*',
    '&a',
    '*a',
    '[',
    ']',
    '{',
    '}',
    ':',
    ': ',
    '- ',
    '\n',
    '\r\n',
    '  ',
    '\t',
    '"',
    "'",
    '#',
    ' # c',
    '!',
    '|',
    '>',
  ],
  ...[
    '%',
    '---\n',
    '...\n',
    '? ',
    '<<: ',
    '!!str ',
    '&f ',
    '\\',
    '\u2028',
    '\u0085',
    '"in, out"',
    '| - |',
    '""',
    ';',
    ',',
  ],
  ...['null', 'true', 'yes', '0', '-1', '65536', '1e9', '.nan', '0x50', '::', '[2001:db8::1]', '10.0.0.1/8', '$office'],
  ...['any', 'me', 'source', 'established', 'mirrored', 'protocol', 'icmpType', 'filters', 'rules', 'INPASS', '$', '+'],
  ...['=', '(', ')', '->', '/', '/33', '.0', '%eth0', '\u0000', '\ufeff', '\u{1f600}', '__proto__', 'constructor'],
].map((text) => encoder.encode(text));

const EDGES = [0, 1, 7, 8, 0x7f, 0x80, 0xff] as const;

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

type Edit = (bytes: Uint8Array, at: number, random: Random, target: Target) => Uint8Array;

const EDITS: readonly Edit[] = [
  // a piece goes
  (bytes, at, random) => concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))),
  // a piece comes twice
  (bytes, at, random) => {
    const end = at + 1 + random.below(24);
    return concat(bytes.subarray(0, end), bytes.subarray(at));
  },
  // a word comes in, or takes the place of a piece
  (bytes, at, random) => concat(bytes.subarray(0, at), random.pick(WORDS), bytes.subarray(at)),
  (bytes, at, random) => {
    const rest = bytes.subarray(at + 1 + random.below(12));
    return concat(bytes.subarray(0, at), random.pick(WORDS), rest);
  },
  // one byte becomes another
  (bytes, at, random) => replaceByte(bytes, at, random.below(256)),
  (bytes, at, random) => replaceByte(bytes, at, random.pick(EDGES)),
  // the next digit becomes another
  changeDigit,
  changeDigit,
  changeDigit,
  changeDigit,
  // the end goes
  (bytes, at) => bytes.subarray(0, at),
  // a piece of another valid input comes in
  (bytes, at, random, target) => {
    const other = random.pick(SEEDS[target]);
    const from = random.below(other.length);
    return concat(bytes.subarray(0, at), other.subarray(from, from + 1 + random.below(120)), bytes.subarray(at));
  },
];

function changeDigit(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const digit = bytes.findIndex((byte, i) => i >= at && byte >= 48 && byte <= 57);
  return digit < 0 ? bytes : replaceByte(bytes, digit, 48 + random.below(10));
}

function replaceByte(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = bytes.slice();
  if (at < copy.length) copy[at] = byte;
  return copy;
}

function targetOf(random: Random, targets: readonly Target[]): Target {
  let left = random.below(targets.reduce((sum, target) => sum + SHARES[target], 0));
  for (const target of targets) {
    left -= SHARES[target];
    if (left < 0) return target;
  }
  return present(targets[0]);
}

export function inputOf(seed: number, index: number, targets: readonly Target[] = TARGETS): FuzzInput {
  const random = new Random(seed, index);
  const target = targetOf(random, targets);
  if (random.below(100) < NOISE) {
    return { target, bytes: Uint8Array.from({ length: random.below(LONGEST_NOISE) }, () => random.below(256)) };
  }
  let bytes = random.pick(SEEDS[target]);
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    bytes = random.pick(EDITS)(bytes, random.below(bytes.length + 1), random, target);
  }
  return { target, bytes };
}
