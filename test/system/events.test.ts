/** `xdpol events` and `xdpol capture` as a user has them: by themselves, and by the agent. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostCounters } from '../../src/host/counters.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { Follower } from '../support/follower.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp } from '../support/udp.ts';
import { problemsOf } from '../support/verb-schema.ts';

const POLICY = `name: edge
default: permit
rules:
  - { name: dns, action: block, filters: [{ source: any, destination: me, protocol: udp, destinationPort: 53 }] }
  - { name: ntp, action: block, filters: [{ source: any, destination: me, protocol: udp, destinationPort: 123 }] }
  - { name: log, action: permit, filters: [{ source: any, destination: me, protocol: udp, destinationPort: 514 }] }
`;

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  const path = join(pair.directory, 'edge.yaml');
  writeFileSync(path, POLICY);
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', pair.host.device));
});

afterEach(() => {
  pair[Symbol.dispose]();
});

const follow = (...args: readonly string[]): Follower => new Follower(pair, pair.xdpol(...args));

function send(port: number, count: number): void {
  sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port, count }]);
}

describe.each(['by itself', 'by the agent'])('%s', (way) => {
  beforeEach(async () => {
    if (way === 'by the agent') await AgentProcess.start(pair);
  });

  test('a line for each sample, until Ctrl-C', async () => {
    const follower = follow('events');
    await follower.sendUntil(
      () => send(53, 1),
      () => follower.lines.length > 0,
    );
    expect(await follower.end()).toBe(0);
    const [line = ''] = follower.lines;
    const { device, ipv4 } = pair.host;
    expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}eth0 in {5}drop {2}udp 192\.0\.2\.2:\d+ -> 192\.0\.2\.1:53 {2}/u);
    expect(line).toContain(`${device} in`);
    expect(line).toContain(`${ipv4}:53  rule dns  142 bytes`);
  });

  test('of chosen rules, what passes too, and bounded', async () => {
    const follower = follow('events', '--rule', 'ntp', '--rule', 'log', '--passed', '--count', '12', '--json');
    await follower.sendUntil(
      () => send(123, 1),
      () => follower.lines.length > 0,
    );
    for (const port of [53, 514]) send(port, 30);
    await follower.sendUntil(
      () => send(123, 1),
      () => follower.lines.length >= 12,
    );
    expect(await follower.ended()).toBe(0);
    expect(follower.lines).toHaveLength(12);
    expect(new Set(follower.samples.map(({ rule, verdict }) => `${verdict} ${rule}`))).toEqual(
      new Set(['drop ntp', 'pass log']),
    );
    expect(problemsOf('events', follower.lines.join('\n'))).toEqual([]);
    const [sample] = follower.samples;
    expect(Buffer.from(sample?.packet ?? '', 'base64')).toHaveLength(128);
    expect(Math.abs(Date.parse(sample?.time ?? '') - Date.now())).toBeLessThan(60_000);
  });

  test('a flood on one rule leaves the others their samples', async () => {
    const follower = follow('events', '--json');
    await follower.sendUntil(
      () => send(53, 1),
      () => follower.lines.length > 0,
    );
    sendUdp(pair, pair.peer, [
      { to: pair.host.ipv4, port: 53, count: 20_000 },
      { to: pair.host.ipv4, port: 123, count: 5 },
    ]);
    for (let i = 0; i < 50 && !follower.samples.some(({ rule }) => rule === 'ntp'); i++) await sleep(100);
    expect(follower.samples.filter(({ rule }) => rule === 'ntp')).toHaveLength(5);
    expect(follower.samples.filter(({ rule }) => rule === 'dns').length).toBeLessThan(500);
    await follower.end();
    expect(follower.errors).toBe('');
  });

  test('a rule that is not in force', () => {
    const { status, stderr } = pair.run(pair.host, pair.xdpol('events', '--rule', 'nowhere'));
    expect(status).toBe(2);
    expect(stderr).toContain('no rule in force is called "nowhere"');
  });

  test('a capture: interface, rule as comment, and statistics that are those of the counters', async () => {
    const file = join(pair.directory, 'drops.pcapng');
    const captured = (): string => (existsSync(file) ? readFileSync(file, 'latin1') : '');
    const follower = follow('capture', '-w', file, '--rule', 'dns');
    // It has read the counters when it writes the head of the file.
    await expect.poll(() => captured().length, { timeout: 30_000 }).toBeGreaterThan(0);
    let sent = 0;
    await follower.sendUntil(
      () => {
        send(53, 1);
        sent++;
      },
      () => captured().includes('drop: rule dns of edge'),
    );
    send(123, 4);
    expect(await follower.end()).toBe(0);
    const fields = ['frame.interface_name', 'frame.comment', 'udp.dstport', 'frame.len', 'frame.cap_len'];
    const argv = ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const rows = execFileSync('tshark', argv, { encoding: 'utf8', stdio: 'pipe' }).trim().split('\n');
    expect(new Set(rows)).toEqual(new Set(['eth0\tdrop: rule dns of edge\t53\t142\t128']));
    const facts = execFileSync('capinfos', ['-M', file], { encoding: 'utf8' });
    expect(facts).toMatch(new RegExp(`Number of packets: +${rows.length}\\n`, 'u'));
    expect(facts).toMatch(/Name = eth0/u);
    expect(facts).toMatch(/Number of stat entries = 1/u);
    const told = /eth0: (\d+) of (\d+) packets were wanted \(dropped by rule dns\), (\d+) were sampled, (\d+) samples/u;
    const [wanted, all, sampled, lost] = told.exec(captured())?.slice(1).map(Number) ?? [];
    expect([wanted, sampled, lost]).toEqual([sent, rows.length, 0]);
    const counted = JSON.parse(pair.exec(pair.host, pair.xdpol('counters', '--json'))) as HostCounters;
    const packets = counted.interfaces.flatMap(({ counters }) => counters.map((one) => Number(one.packets)));
    expect(all).toBeGreaterThanOrEqual(sent + 4);
    expect(all).toBeLessThanOrEqual(packets.reduce((sum, count) => sum + count, 0));
  });
});

test('a pipe: tshark reads it while it comes', async () => {
  const line = `${pair.xdpol('capture', '-w', '-', '--for', '20s').join(' ')} | tshark -l -r - -T fields -e frame.comment`;
  const child = pair.spawn(pair.host, ['sh', '-c', line], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  for (let i = 0; i < 150 && !output.includes('drop: rule ntp of edge'); i++) {
    send(123, 1);
    await sleep(100);
  }
  expect(output).toContain('drop: rule ntp of edge\n');
  expect(child.exitCode).toBeNull();
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
});

test('without an agent there is one reader; one that was killed makes way', async () => {
  const first = follow('events', '--json');
  await first.sendUntil(
    () => send(53, 1),
    () => first.lines.length > 0,
  );
  const refused = pair.run(pair.host, pair.xdpol('events', '--count', '1'));
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/process \d+ reads the samples of eth0 already/u);
  await first.end('SIGKILL');
  await sleep(6000);
  const second = follow('events', '--json');
  await second.sendUntil(
    () => send(53, 1),
    () => second.lines.length > 0,
  );
  expect(await second.end()).toBe(0);
});

test('with an agent many read, and a policy that is applied meanwhile is sampled too', async () => {
  await AgentProcess.start(pair);
  const followers = [follow('events', '--json'), follow('events', '--json', '--rule', 'dns')];
  for (const follower of followers)
    await follower.sendUntil(
      () => send(53, 1),
      () => follower.lines.length > 0,
    );
  const path = join(pair.directory, 'other.yaml');
  writeFileSync(path, POLICY.replace('name: edge', 'name: other').replace('name: ntp', 'name: time'));
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', pair.host.device));
  const [all, dns] = followers;
  await all?.sendUntil(
    () => send(123, 1),
    () => all.samples.some(({ rule, policy }) => rule === 'time' && policy === 'other'),
  );
  expect(dns?.samples.every(({ rule }) => rule === 'dns')).toBe(true);
  for (const follower of followers) expect(await follower.end()).toBe(0);
});
