/** What xdpol lives through. Each test takes its count from the environment: CONTRIBUTING.md has the long forms. */
import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { Random } from '../../src/base/random.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { askAgent } from '../support/ask-agent.ts';
import { expectAllCounted, startTraffic, writePolicies } from '../support/counted-traffic.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { programsOf } from '../support/programs-in-kernel.ts';

const KILLS = Number(process.env['XDPOL_KILLS'] ?? 2);
const APPLIES = Number(process.env['XDPOL_APPLIES'] ?? 16);

interface PlainStatus {
  readonly policy: string | null;
  readonly gaps: readonly string[];
  readonly interfaces: readonly { readonly hooks: readonly { readonly policy: string | null }[] }[];
}

function statusOf(pair: NamespacePair): PlainStatus {
  return JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as PlainStatus;
}

test('every process killed at random moments under traffic: nothing is unfiltered or uncounted', {
  timeout: 120_000 + 20_000 * KILLS,
}, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const policies = writePolicies(pair.directory);
  const { device } = pair.host;
  pair.exec(pair.host, pair.xdpol('apply', policies[0], '-i', device, '--mode', 'native'));
  const stopTraffic = startTraffic(pair);
  const random = new Random(20261);
  for (let i = 0; i < KILLS; i++) {
    const start = (...argv: readonly string[]): { readonly kill: () => Promise<void> } => {
      const child = pair.spawn(pair.host, pair.xdpol(...argv), { stdio: 'ignore' });
      const ended = once(child, 'exit');
      return {
        kill: async () => {
          child.kill('SIGKILL');
          await ended;
        },
      };
    };
    const agent = start('agent', '--listen', '127.0.0.1:0');
    await sleep(random.below(1500));
    const apply = start('apply', policies[i % 2 === 0 ? 1 : 0], '-i', device);
    await sleep(random.below(1500));
    await Promise.all([agent.kill(), apply.kill()]);
    const { gaps, interfaces } = statusOf(pair);
    expect(gaps).toEqual([]);
    expect(interfaces.flatMap(({ hooks }) => hooks.map(({ policy }) => policy))).toEqual(['swap', 'swap']);
  }
  expect(pair.exec(pair.host, pair.xdpol('apply', policies[1], '-i', device))).toContain('in force');
  await expectAllCounted(pair, stopTraffic);
});

interface Holdings {
  readonly residentKiB: number;
  readonly descriptors: number;
  readonly mappings: number;
  readonly maps: number;
  readonly programs: number;
  readonly pins: number;
  readonly storedFiles: number;
  readonly storedBytes: number;
}

/** What the agent holds, and what its changes left in the kernel and on disk. */
function holdingsOf(pair: NamespacePair, pid: number): Holdings {
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  const filesIn = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const state = present(pair.env['XDPOL_STATE_DIR']);
  const stored = filesIn(state).map((name) => statSync(join(state, name)));
  const resident = /^VmRSS:\s*(?<kib>\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.groups?.['kib'];
  const programs = programsOf(pair);
  return {
    residentKiB: Number(resident),
    descriptors,
    mappings: readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').length,
    maps: new Set(programs.flatMap(({ map_ids: ids = [] }) => ids)).size,
    programs: programs.length,
    pins: filesIn(present(pair.env['XDPOL_BPFFS'])).length,
    storedFiles: stored.length,
    storedBytes: stored.reduce((sum, { size }) => sum + size, 0),
  };
}

test(`${APPLIES} applies leave nothing behind`, { timeout: 120_000 + 10_000 * APPLIES }, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const texts = writePolicies(pair.directory).map((file) => readFileSync(file, 'utf8'));
  const agent = await AgentProcess.start(pair);
  const apply = async (i: number): Promise<void> => {
    // A new version each time: all that a version leaves would stay.
    const text = `${present(texts[i % 2])}# ${i}\n`;
    const input = { file: 'swap.yaml', text, files: {} };
    await askAgent(pair, 'POST', '/v1/apply', { input, interfaces: [pair.host.device], mode: 'native' });
  };
  // As many versions and compiled policies as are kept.
  const WARM = 30;
  for (let i = 0; i < WARM; i++) await apply(i);
  await sleep(2000);
  const before = holdingsOf(pair, agent.pid);
  for (let i = 0; i < APPLIES / 2; i++) await apply(WARM + i);
  const half = holdingsOf(pair, agent.pid);
  for (let i = 0; i < APPLIES / 2; i++) await apply(WARM + APPLIES + i);
  await sleep(2000);
  const after = holdingsOf(pair, agent.pid);
  process.stdout.write(`${JSON.stringify({ applies: APPLIES, before, half, after })}\n`);
  const { residentKiB, storedBytes, descriptors, mappings, ...exact } = after;
  expect(exact).toEqual({
    maps: before.maps,
    programs: before.programs,
    pins: before.pins,
    storedFiles: before.storedFiles,
  });
  // Sockets and heap come and go; what each apply would leave does not.
  expect(descriptors - before.descriptors).toBeLessThan(10);
  expect(mappings - before.mappings).toBeLessThan(200);
  expect(residentKiB - before.residentKiB).toBeLessThan(100 * 1024);
  // The record of changes has a line for each, and is cut by itself.
  expect(storedBytes - before.storedBytes).toBeLessThan(1000 * APPLIES);
  expect(await agent.end('SIGTERM')).toBe(0);
});

test('the clock of the host jumps a day ahead and two days back', { timeout: 240_000 }, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const library = `/usr/lib/${machine()}-linux-gnu/faketime/libfaketime.so.1`;
  const clock = join(pair.directory, 'clock');
  const jump = (offset: string): void => {
    writeFileSync(`${clock}.new`, `${offset}\n`);
    renameSync(`${clock}.new`, clock);
  };
  jump('+0');
  const faked = [`LD_PRELOAD=${library}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'FAKETIME_NO_CACHE=1'];
  const inside = (argv: readonly string[]): readonly string[] => [
    ...['env', ...faked, 'FAKETIME_DONT_FAKE_MONOTONIC=1'],
    ...argv,
  ];
  const xdpol = (...argv: readonly string[]): string => pair.exec(pair.host, inside(pair.xdpol(...argv)));
  const policy = (name: string): string => {
    const file = join(pair.directory, `${name}.yaml`);
    const rule = '{ name: banned, action: block, filters: [{ source: $bans, destination: me }] }';
    writeFileSync(file, `name: ${name}\naddressSets: { bans: { live: true } }\nrules:\n  - ${rule}\n`);
    return file;
  };
  const { device } = pair.host;
  xdpol('apply', policy('first'), '-i', device);
  const agent = await AgentProcess.start(pair, undefined, inside);
  const within = async (seconds: number, condition: () => boolean): Promise<boolean> => {
    const end = performance.now() + 1000 * seconds;
    while (performance.now() < end && !condition()) await sleep(200);
    return condition();
  };
  for (const [offset, address] of [
    ['+1d', '192.0.2.71'],
    ['-1d', '192.0.2.72'],
    ['+0', '192.0.2.73'],
  ] as const) {
    jump(offset);
    pair.exec(pair.host, ['ip', 'address', 'add', `${address}/24`, 'dev', device]);
    expect(await within(20, () => agent.log.includes(`${address}: first in force`)), offset).toBe(true);
    expect(agent.scrape().value(`xdpol_attached{device="${device}",direction="ingress"}`)).toBe(1);
    expect(statusOf(pair)).toMatchObject({ policy: 'first', gaps: [] });
  }
  // The end of a ban is a time of the clock, wherever that goes; the kernel alone would count three seconds.
  const isBanned = (): boolean =>
    pair.run(pair.peer, ['ping', '-n', '-q', '-c', '1', '-W', '1', pair.host.ipv4]).status !== 0;
  const listed = (): string => xdpol('set', 'list', 'bans', '--json');
  jump('+1d');
  xdpol('set', 'add', 'bans', pair.peer.ipv4, '--for', '3s');
  const added = performance.now();
  jump('-1d');
  expect(await within(20, () => agent.log.includes('ends of live sets written anew: 1'))).toBe(true);
  await sleep(Math.max(0, added + 4000 - performance.now()));
  expect(isBanned()).toBe(true);
  expect(listed()).toContain(pair.peer.ipv4);
  jump('+2d');
  expect(await within(20, () => !isBanned())).toBe(true);
  expect(listed()).not.toContain(pair.peer.ipv4);
  // The deadline is the kernel's: it comes no earlier and no later.
  jump('+1d');
  const began = performance.now();
  xdpol('apply', policy('second'), '-i', device, '--confirm', '12s');
  jump('-1d');
  expect(statusOf(pair).policy).toBe('second');
  expect(await within(40, () => statusOf(pair).policy === 'first')).toBe(true);
  expect(performance.now() - began).toBeGreaterThan(11_000);
  for (const line of agent.log.trim().split('\n')) expect(line).not.toContain('"level":"error"');
  expect(await agent.end('SIGTERM')).toBe(0);
});
