/**
 * A second opinion on what a packet is: scapy makes packets, dissects their bytes again, and says for each which filter
 * they must meet. The policy has a rule for every answer, so that the rule that decides names addresses, protocol,
 * ports or ICMP type, established or not, later fragment or not.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Direction } from '../../src/engine/program.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { program } from '../support/program.ts';

const SCAPY_PACKETS = fileURLToPath(new URL('../support/scapy-packets.py', import.meta.url));
/** Debian's, which has python3-scapy, whatever python3 is in the path. */
const PYTHON = '/usr/bin/python3';

const ENDS: readonly (readonly [who: string, source: string, destination: string, family: 4 | 6])[] = [
  ['a>b', '10.0.0.1', '10.0.0.2', 4],
  ['b>a', '10.0.0.2', '10.0.0.1', 4],
  ['A>B', '2001:db8::1', '2001:db8::2', 6],
  ['B>A', '2001:db8::2', '2001:db8::1', 6],
];
const PORTS = [
  [1000, 80],
  [2000, 443],
] as const;
const ICMP_TYPES = {
  icmp: ['8/0', '0/0', '3/1', '11/0'],
  icmpv6: ['128/0', '129/0', '1/4', '2/0', '3/0', '133/0', '135/0', '136/0'],
};
const OTHERS = [47, 50, 51, 59];

/** The service that a rule is named after, and its conditions. */
function services(family: 4 | 6): readonly (readonly [name: string, conditions: object])[] {
  const withPorts = ['tcp', 'udp', 'sctp'].flatMap((protocol) =>
    PORTS.map(([s, d]) => [`${protocol} ${s}>${d}`, { protocol, sourcePort: s, destinationPort: d }] as const),
  );
  const established = withPorts
    .filter(([, { protocol }]) => protocol === 'tcp')
    .map(([name, conditions]) => [`${name} established`, { ...conditions, established: true }] as const);
  const icmp = family === 4 ? 'icmp' : 'icmpv6';
  const types = ICMP_TYPES[icmp].map((text) => {
    const [icmpType, icmpCode] = text.split('/').map(Number);
    return [`${icmp} ${text}`, { protocol: icmp, icmpType, icmpCode }] as const;
  });
  const bare = ['tcp', 'udp', 'sctp', icmp].map((protocol) => [protocol, { protocol }] as const);
  return [
    ...withPorts,
    ...established,
    ...types,
    ...bare,
    ...OTHERS.map((n) => [`proto ${n}`, { protocol: n }] as const),
  ];
}

const policy = {
  name: 'second opinion',
  default: 'block',
  // Packet too big has a rule of its own here.
  exemptions: ['neighbor-discovery'],
  rules: ENDS.flatMap(([who, source, destination, family]) =>
    services(family).map(([name, conditions]) => ({
      name: `${who} ${name}`,
      action: 'permit',
      filters: [{ source, destination, ...conditions }],
    })),
  ),
};

let directory: string;
let said: readonly string[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-scapy-'));
  writeFileSync(join(directory, 'policy.json'), JSON.stringify(policy));
  const capture = join(directory, 'made.pcap');
  said = JSON.parse(execFileSync(PYTHON, [SCAPY_PACKETS, capture], { encoding: 'utf8' })) as string[];
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function replayed(hook: Direction): readonly string[] {
  const files = [join(directory, 'policy.json'), join(directory, 'made.pcap')];
  const [node, ...argv] = program('main', 'replay', ...files, '--json', '--hook', hook);
  const output = execFileSync(node, argv, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: 'pipe' });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { by: string; rule: string | null; reason: string | null })
    .map(({ by, rule, reason }) => rule ?? reason ?? by);
}

describe('scapy and the kernel program agree', () => {
  for (const hook of DIRECTIONS) {
    test(`packet by packet, ${hook}`, () => {
      const found = replayed(hook);
      expect(found).toHaveLength(said.length);
      const differ = said.flatMap((fate, i) =>
        fate === found[i] ? [] : [`packet ${i + 1}: scapy says ${fate}, the program ${present(found[i])}`],
      );
      expect(differ).toEqual([]);
    });
  }

  test('every rule and every parse outcome was met', () => {
    const met = new Set(said);
    const reasons = ['malformed', 'vlan_depth', 'ext_headers', 'non_ip', 'neighbor-discovery'];
    expect(reasons.filter((reason) => !met.has(reason))).toEqual([]);
    const byPorts = policy.rules.map(({ name }) => name).filter((name) => />\d/u.test(name));
    expect(byPorts.filter((name) => !met.has(name))).toEqual([]);
  });
});
