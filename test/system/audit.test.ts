/** A policy on trial: it counts what it would change, and changes nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditOutcome } from '../../src/host/audit/read-audit.ts';
import type { SuggestOutcome } from '../../src/host/audit/suggest-permits.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { Follower } from '../support/follower.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';
import { problemsOf } from '../support/verb-schema.ts';

const rule = (name: string, action: string, ...ports: readonly number[]): string =>
  `  - { name: ${name}, action: ${action}, filters: [${ports
    .map((port) => `{ source: any, destination: me, protocol: udp, destinationPort: ${port} }`)
    .join(', ')}] }\n`;

const PRESENT = `name: present\ndefault: permit\nrules:\n${rule('closed', 'block', 7001)}`;
/** It opens 7001 and closes 7002; what leaves from 7003 it drops. */
const CANDIDATE = `name: candidate
default: permit
rules:
${rule('opened', 'permit', 7001)}${rule('shut', 'block', 7002)}  - { name: silent, action: block, filters: [{ source: me, destination: any, protocol: udp, destinationPort: 7003 }] }
`;

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  write('present', PRESENT);
  write('candidate', CANDIDATE);
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function write(name: string, text: string): void {
  writeFileSync(join(pair.directory, `${name}.yaml`), text);
}

function xdpol(...words: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...words));
}

function file(name: string): string {
  return join(pair.directory, `${name}.yaml`);
}

function audit(): AuditOutcome {
  return JSON.parse(xdpol('audit', '--json')) as AuditOutcome;
}

/** By direction, change and rule. */
function changesOf({ sides }: AuditOutcome): ReadonlyMap<string, number> {
  return new Map(
    sides.flatMap(({ direction, changes }) =>
      changes.map(({ change, rule: name, reason, packets }) => [
        `${direction} ${change} ${name ?? reason ?? 'default'}`,
        Number(packets),
      ]),
    ),
  );
}

/** Datagrams by port: as many, and no more. */
async function expectReceived(sink: UdpSink, wanted: Readonly<Record<number, number>>): Promise<void> {
  const received = (): Record<string, number> =>
    Object.fromEntries(Object.keys(wanted).map((port) => [port, sink.received(Number(port))]));
  await expect.poll(received, { timeout: 10_000 }).toEqual(wanted);
}

function send(port: number, count: number): void {
  sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port, count }]);
}

describe.each([['xdp'], ['tcx']])('arriving packets at %s', (hook) => {
  beforeEach(() => {
    xdpol('apply', file('present'), '-i', pair.host.device, '--hook', hook);
  });

  test('what it would drop and pass is counted exactly; the policy in force alone decides', async () => {
    const sink = await UdpSink.start(pair, pair.host, [7001, 7002, 7004]);
    const started = xdpol('apply', file('candidate'), '--audit', '--json');
    expect(problemsOf('apply', started)).toEqual([]);
    send(7001, 5);
    send(7002, 7);
    send(7004, 3);
    sendUdp(pair, pair.host, [{ to: pair.peer.ipv4, port: 7003, count: 4 }]);
    await expectReceived(sink, { 7001: 0, 7002: 7, 7004: 3 });
    expect(problemsOf('audit', xdpol('audit', '--json'))).toEqual([]);
    expect(changesOf(audit())).toEqual(
      new Map([
        ['ingress would_pass opened', 5],
        ['ingress would_drop shut', 7],
        ['egress would_drop silent', 4],
      ]),
    );
    expect(xdpol('audit')).toMatch(/would drop {2,}rule {2,}shut {2,}7 /u);

    // The policy in force is put there anew: the trial goes on.
    xdpol('apply', file('present'), '-i', pair.host.device);
    send(7002, 2);
    expect(changesOf(audit()).get('ingress would_drop shut')).toBe(9);

    const promoted = xdpol('promote', '--json');
    expect(problemsOf('promote', promoted)).toEqual([]);
    expect(audit().policy).toBeNull();
    expect(JSON.parse(xdpol('status', '--json'))).toMatchObject({ policy: 'candidate' });
    send(7001, 1);
    send(7002, 1);
    await expectReceived(sink, { 7001: 1, 7002: 9 });
  });
});

test('its end leaves the policy in force as it was; one that is loaded no packet passes by', async () => {
  xdpol('apply', file('present'), '-i', pair.host.device);
  xdpol('apply', file('candidate'), '--audit');
  expect(audit()).toMatchObject({ policy: 'candidate', version: 1 });
  expect(xdpol('audit', '--end')).toContain('candidate is no longer on trial');
  const { status, stderr } = pair.run(pair.host, pair.xdpol('promote'));
  expect([status, stderr]).toEqual([1, expect.stringContaining('no policy is on trial')]);
  const sink = await UdpSink.start(pair, pair.host, [7001, 7002]);
  send(7001, 2);
  send(7002, 2);
  await expectReceived(sink, { 7001: 0, 7002: 2 });
  expect(JSON.parse(xdpol('status', '--json'))).toMatchObject({ policy: 'present' });
});

test('where nothing is filtered there is nothing to compare with; unassign ends it', () => {
  const { status, stderr } = pair.run(pair.host, pair.xdpol('apply', file('candidate'), '--audit'));
  expect([status, stderr]).toEqual([1, expect.stringContaining('no interface is filtered')]);
  xdpol('apply', file('present'), '-i', pair.host.device);
  xdpol('apply', file('candidate'), '--audit');
  xdpol('unassign');
  xdpol('apply', file('present'), '-i', pair.host.device);
  expect(audit().policy).toBeNull();
});

test('samples of both changes, which take nothing from those of the policy in force', async () => {
  xdpol('apply', file('present'), '-i', pair.host.device);
  xdpol('apply', file('candidate'), '--audit');
  const [otherwise, drops] = [
    new Follower(pair, pair.xdpol('events', '--audit', '--json')),
    new Follower(pair, pair.xdpol('events', '--json')),
  ];
  const both = (): void => {
    send(7001, 1);
    send(7002, 1);
  };
  const changes = (): ReadonlySet<string | null> => new Set(otherwise.samples.map(({ change }) => change));
  await otherwise.sendUntil(both, () => changes().size === 2 && drops.samples.length > 0);
  expect([await otherwise.end(), await drops.end()]).toEqual([0, 0]);
  const told = otherwise.samples.map(({ verdict, change, rule, policy }) => `${verdict} ${change} ${rule} ${policy}`);
  expect(new Set(told)).toEqual(new Set(['drop would_pass opened candidate', 'pass would_drop shut candidate']));
  expect(problemsOf('events', otherwise.lines.join('\n'))).toEqual([]);
  expect(new Set(drops.samples.map(({ change, rule }) => `${change} ${rule}`))).toEqual(new Set(['null closed']));
  const { status, stderr } = pair.run(pair.host, pair.xdpol('events', '--audit', '--rule', 'closed'));
  expect([status, stderr]).toEqual([2, expect.stringContaining('no rule on trial is called "closed"')]);
});

test('live sets of both policies have the same members, at any moment', () => {
  const sets = (capacity: number): string =>
    `addressSets:\n  bans: { live: true, capacity: ${capacity}, levels: [32] }\n`;
  const banned = '  - { name: banned, action: block, filters: [{ source: $bans, destination: me }] }\n';
  xdpol('apply', file('present'), '-i', pair.host.device);
  write('candidate', `${CANDIDATE}${banned}${sets(1000)}`);
  xdpol('apply', file('candidate'), '--audit');
  xdpol('set', 'add', 'bans', pair.peer.ipv4);
  send(7004, 2);
  expect([...changesOf(audit())]).toEqual([['ingress would_drop banned', 2]]);
  // Now both use the set; the tables that the trial reads stay.
  write('present', `${PRESENT}${banned}${sets(1000)}`);
  xdpol('apply', file('present'), '-i', pair.host.device);
  send(7004, 2);
  xdpol('set', 'remove', 'bans', pair.peer.ipv4);
  send(7004, 2);
  expect(changesOf(audit()).get('ingress would_drop banned')).toBe(2);
  write('candidate', `${CANDIDATE}${banned}${sets(2000)}`);
  const { status, stderr } = pair.run(pair.host, pair.xdpol('apply', file('candidate'), '--audit'));
  expect([status, stderr]).toEqual([1, expect.stringContaining('bans has another capacity, other levels')]);
});

test('by the agent, with metrics, and permits for what it would drop', async () => {
  xdpol('apply', file('present'), '-i', pair.host.device);
  const agent = await AgentProcess.start(pair);
  xdpol('apply', file('candidate'), '--audit');
  send(7002, 6);
  const labels = `device="${pair.host.device}",direction="ingress",policy="candidate",change="would_drop",rule="shut"`;
  expect(agent.scrape().value(`xdpol_audit_packets_total{${labels}}`)).toBe(6);

  const suggested = (): SuggestOutcome => JSON.parse(xdpol('audit', 'suggest', '--json')) as SuggestOutcome;
  await expect.poll(() => suggested().samples, { timeout: 20_000 }).toBe(6);
  const { permits, dropped, fragment } = suggested();
  expect(dropped).toEqual([{ by: 'rule', rule: 'shut', reason: null, packets: 6 }]);
  const filter = `{ source: ${pair.peer.ipv4}, destination: me, protocol: udp, destinationPort: 7002 }`;
  expect(permits).toMatchObject([{ rule: 'permit udp 7002 in', filter, samples: 6, stillDroppedBy: null }]);
  expect(fragment).toContain('It would drop 6 packets, counted: 6 by rule shut.');
  // With the fragment it drops no such packet any more.
  write('candidate', `${CANDIDATE}${fragment.slice(fragment.indexOf('rules:\n') + 'rules:\n'.length)}`);
  xdpol('apply', file('candidate'), '--audit');
  send(7002, 3);
  expect([...changesOf(audit())]).toEqual([]);
  expect(problemsOf('audit', xdpol('audit', 'suggest', '--json'))).toEqual([]);
});
