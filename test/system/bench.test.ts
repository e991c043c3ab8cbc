/** `xdpol bench` as an operator runs it: beside a policy in force, in CI with a budget, with live frames. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: edge
default: block
rules:
  - { name: ssh, action: permit, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 22, mirrored: established }] }
  - { name: inside, action: block, interfaces: [eth0], filters: [{ source: any, destination: me, protocol: udp, destinationPort: 53 }] }
  - { name: elsewhere, action: permit, interfaces: [eth7], filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 9100 }] }
`;
/** Each row takes seconds. */
const TIMEOUT = 240_000;

interface Row {
  readonly by: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly family: string;
  readonly verdict: string;
  readonly standing: string | null;
  readonly packets: number;
  readonly nanoseconds: Readonly<Record<'bare' | 'overBare', Readonly<Record<'median' | 'low' | 'high', number>>>>;
  readonly impliedMpps: number | null;
  readonly live: { readonly share: { readonly median: number } } | null;
}

interface Printed {
  readonly policy: string;
  readonly interface: string | null;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
  readonly takeNoPart: readonly unknown[];
}

let pair: NamespacePair;
let policy: string;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  policy = join(pair.directory, 'edge.yaml');
  writeFileSync(policy, POLICY);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

/** Where live frames would leave links: this namespace, the one they are asked for in, and any named one that is no test's. */
function surroundings(): readonly string[] {
  const named = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n');
  const own = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).split('\n');
  const links = own.filter((line) => line.includes('xdpol-'));
  return [...named.filter((name) => !/^xp\d+-/u.test(name)), ...links, pair.exec(pair.host, ['ip', '-o', 'link'])];
}

const USAGE: readonly (readonly [name: string, args: readonly string[], code: number, text: string])[] = [
  ['no policy is assigned', ['bench'], 2, 'xdpol bench edge.yaml'],
  ['a budget that is none', ['bench', 'edge.yaml', '--max-ns-over-bare', 'fast'], 2, 'write nanoseconds'],
  ['a policy that is not there', ['bench', 'none.yaml'], 1, 'no stored policy none.yaml'],
];

for (const [name, args, code, text] of USAGE) {
  test(`${name}: one message, exit ${code}`, () => {
    const outcome = xdpol(...args);
    expect(outcome.stderr).toContain(text);
    expect(outcome.status).toBe(code);
    expect(outcome.stdout).toBe('');
  });
}

test('without root: said before anything is done', () => {
  const argv = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', ...pair.xdpol('bench', policy)];
  const { status, stderr } = pair.run(pair.host, argv);
  expect(stderr).toContain('bench needs CAP_SYS_ADMIN');
  expect(status).toBe(1);
});

test('the assigned policy as it is in force; any program costs more than nothing: exit 3', { timeout: TIMEOUT }, () => {
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', pair.host.device));
  const counters = xdpol('counters', '--json').stdout;
  const { status, stdout, stderr } = xdpol('bench', '--json', '--max-ns-over-bare', '0');
  const printed = JSON.parse(stdout) as Printed;
  expect(printed).toMatchObject({ policy: 'edge', interface: 'eth0', notFound: [], leftOut: 0 });
  expect(Object.keys(printed.environment)).toEqual(expect.arrayContaining(['kernel', 'cpu', 'jit', 'libbpf']));
  const named = printed.rows.map((row) => `${row.by} ${row.rule ?? row.reason ?? ''} ${row.family} ${row.verdict}`);
  expect(named).toEqual([
    'rule ssh ipv4 pass',
    'rule inside ipv4 drop',
    'default  ipv4 drop',
    'default  ipv6 drop',
    'parse malformed ipv4 drop',
    'parse malformed ipv6 drop',
  ]);
  for (const { packets, nanoseconds, live } of printed.rows) {
    expect(packets).toBeGreaterThan(60_000);
    expect(nanoseconds.bare.low).toBeLessThanOrEqual(nanoseconds.bare.high);
    expect(live).toBeNull();
  }
  expect(printed.takeNoPart).toEqual([{ rule: 'elsewhere', why: 'other interfaces' }]);
  const worst = printed.rows.toSorted((a, b) => b.nanoseconds.overBare.median - a.nanoseconds.overBare.median)[0];
  expect(stderr).toContain(`${worst?.nanoseconds.overBare.median.toFixed(1)} ns over a bare XDP_DROP`);
  expect(stderr).toContain('more than the 0 ns of --max-ns-over-bare');
  expect(status).toBe(3);
  expect(xdpol('counters', '--json').stdout).toBe(counters);
});

test('live frames, within any budget: exit 0, and nothing is left behind', { timeout: TIMEOUT }, () => {
  const before = surroundings();
  const options = ['--me', '192.0.2.1', '--interface', 'eth0', '--live', '--max-ns-over-bare', '999999999'];
  const { status, stdout, stderr } = xdpol('bench', policy, ...options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const lines = stdout.split('\n');
  const row = (start: RegExp): string | undefined => lines.find((line) => start.test(line));
  expect(row(/^BY /u)).toMatch(/ OVER BARE .* IMPLIED .* LIVE +OF BARE +PACKETS +RULES$/u);
  expect(row(/^rule +inside /u)).toMatch(/ IPv4 +drop +[\d.]+ ns .* [\d.]+ Mpps +[\d.]+ Mpps +\d+ % \(\d+-\d+\) /u);
  expect(row(/^rule +ssh /u)).toMatch(/ pass .* - +- /u);
  expect(row(/^no part /u)).toContain('"elsewhere"');
  expect(surroundings()).toEqual(before);
});
