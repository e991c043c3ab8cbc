/** A change that nobody confirms: the kernel takes it back by itself, at every hook, and no frame goes unfiltered or uncounted. */
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FRAMES, startTraffic, writePolicies } from '../support/counted-traffic.ts';
import { startEgressTraffic } from '../support/egress-traffic.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { oldKernel } from '../support/old-kernel.ts';
import { ownProcess } from '../support/own-process.ts';
import { KEPT_PINS, pinsWith } from '../support/pins.ts';
import { pinsOf, policyCounts } from '../support/policy-counts.ts';
import { connectFrom } from '../support/probe.ts';

const POLL_MS = 20;

let pair: NamespacePair;
/** How a command is run: as it is, or as on an older kernel. */
let asOn: (argv: readonly string[]) => readonly string[];
let before: string;
let after: string;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  asOn = (argv) => argv;
  const [first] = writePolicies(pair.directory);
  const text = pair.exec(pair.host, ['cat', first]);
  const write = (name: string): string => {
    const file = join(pair.directory, `${name}.yaml`);
    writeFileSync(file, text.replace('name: swap', `name: ${name}`));
    return file;
  };
  [before, after] = [write('before'), write('after')];
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function changeArgv(...args: readonly (string | number)[]): readonly string[] {
  return asOn(ownProcess('change', ...args.map(String)));
}

function change(...args: readonly (string | number)[]): unknown {
  return JSON.parse(pair.exec(pair.host, changeArgv(...args)));
}

/** Applies a policy to be confirmed, in a process that is killed when it is in force; returns the deadline. */
async function applyAndDie(policy: string, seconds: number, ...devices: readonly string[]): Promise<number> {
  const child = pair.spawn(pair.host, changeArgv('apply', policy, seconds, ...devices), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [chunk] = child.stdout === null ? [] : ((await once(child.stdout, 'data')) as [Buffer]);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return (JSON.parse(String(chunk)) as { deadline: number }).deadline;
}

interface Read {
  readonly pending: {
    readonly deadline: number;
    readonly details: { readonly file: string };
    readonly candidate: { readonly policy: string };
    readonly previous?: { readonly policy: string };
    readonly hooks: readonly unknown[];
  } | null;
  readonly inForce: string | null;
}

function read(): Read {
  return change('read') as Read;
}

/** A second veth beside the pair's: host's eth2, peer's eth3. */
function addSecondDevice(): string {
  const { host, peer } = pair;
  pair.exec(host, ['ip', 'link', 'add', 'eth2', 'type', 'veth', 'peer', 'eth3', 'netns', peer.namespace]);
  pair.exec(host, ['ip', 'link', 'set', 'eth2', 'up']);
  pair.exec(peer, ['ip', 'link', 'set', 'eth3', 'up']);
  return 'eth2';
}

async function untilCounted(device: string, policy: string, above: number, within: number): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < within) {
    const { packets = 0 } = policyCounts(pair, device, 'ingress').get(policy) ?? {};
    if (packets > above) break;
    await sleep(POLL_MS);
  }
  return performance.now() - began;
}

function total(sent: readonly number[]): number {
  return sent.reduce((sum, count) => sum + count, 0);
}

function counted(device: string, direction: 'ingress' | 'egress'): number {
  return total([...policyCounts(pair, device, direction).values()].map(({ packets }) => packets));
}

for (const kernel of ['with tcx', 'with clsact'] as const) {
  test(`${kernel}: back at the deadline with every process killed, on two interfaces and both hooks at once`, {
    timeout: 240_000,
  }, async () => {
    const launcher = oldKernel(pair.directory);
    if (kernel === 'with clsact') asOn = launcher.withoutTcx;
    const { device } = pair.host;
    const second = addSecondDevice();
    change('apply', before, 0, device, second);
    const stops = [startTraffic(pair, { cpus: ['0'] }), startTraffic(pair, { device: 'eth3', cpus: ['1'] })];
    const stopEgress = startEgressTraffic(pair);
    await Promise.all([device, second].map((one) => untilCounted(one, 'before', 0, 30_000)));

    const deadline = await applyAndDie(after, 6, device, second);
    await untilCounted(second, 'after', 0, 6000);
    const [atFirst = 0, atSecond = 0] = [device, second].map(
      (one) => policyCounts(pair, one, 'ingress').get('before')?.packets,
    );
    const waited = await Promise.all([
      untilCounted(device, 'before', atFirst, 10_000),
      untilCounted(second, 'before', atSecond, 10_000),
    ]);
    expect(Math.max(...waited)).toBeLessThan(7000);
    await sleep(300);

    const sent = await Promise.all(stops.map((stop) => stop()));
    const { passed, dropped } = await stopEgress();
    for (const [i, one] of [device, second].entries()) expect(counted(one, 'ingress')).toBe(total(sent[i] ?? []));
    expect(counted(device, 'egress')).toBe(total(passed) + total(dropped));
    for (const [i, [counter]] of FRAMES.entries()) {
      const isBlocked = ['rule rest', 'parse malformed'].includes(counter);
      expect((isBlocked ? passed : dropped)[i], counter).toBe(0);
    }
    const places = [
      [device, 'ingress'],
      [second, 'ingress'],
      [device, 'egress'],
    ] as const;
    for (const [one, direction] of places) {
      const counts = policyCounts(pair, one, direction);
      expect(counts.get('after')?.packets).toBeGreaterThan(0);
      // Not later than the tick of the deadline itself, whichever the hook: all return together.
      expect((counts.get('after')?.last ?? 0) - deadline).toBeLessThanOrEqual(1);
      expect(counts.get('before')?.last).toBeGreaterThanOrEqual(deadline);
    }
    expect(change('return')).toEqual({ restored: [device, second], opened: [], lost: [] });
    expect(read()).toEqual({ pending: null, inForce: 'before' });
    for (const one of [device, second]) {
      const pins = kernel === 'with tcx' ? pinsWith('egress', 'ingress') : pinsWith('ingress');
      expect(readdirSync(pinsOf(pair, one)).sort()).toEqual(pins);
    }
  });
}

test('confirmed in time: it stays, without a gate; and no frame is lost on the way', { timeout: 240_000 }, async () => {
  const { device } = pair.host;
  change('apply', before, 0, device);
  const stop = startTraffic(pair, { cpus: ['0'] });
  await untilCounted(device, 'before', 0, 30_000);
  await applyAndDie(after, 60, device);
  expect(read()).toMatchObject({ pending: { candidate: { policy: 'after' }, previous: { policy: 'before' } } });
  change('confirm');
  expect(read()).toEqual({ pending: null, inForce: 'after' });
  expect(readdirSync(pinsOf(pair, device)).sort()).toEqual(pinsWith('egress', 'ingress'));
  await untilCounted(device, 'after', policyCounts(pair, device, 'ingress').get('after')?.packets ?? 0, 10_000);
  const sent = total(await stop());
  expect(counted(device, 'ingress')).toBe(sent);
  expect(policyCounts(pair, device, 'ingress').get('after')?.packets).toBeGreaterThan(0);
});

test('the first policy ever goes back to an open host', { timeout: 240_000 }, async () => {
  const { device } = pair.host;
  await applyAndDie(after, 6, device);
  const connect = (): string => connectFrom(pair, pair.peer, pair.host.ipv4, 22);
  expect(connect()).toBe('silence');
  await sleep(6000);
  expect(connect()).toContain('ECONNREFUSED');
  expect(change('return')).toEqual({ restored: [], opened: [device], lost: [] });
  expect(read()).toEqual({ pending: null, inForce: null });
  expect(readdirSync(pinsOf(pair, device)).sort()).toEqual(KEPT_PINS);
});

test('a second change in the place of a pending one goes back to what was confirmed last', {
  timeout: 240_000,
}, async () => {
  const { device } = pair.host;
  change('apply', before, 0, device);
  await applyAndDie(after, 60, device);
  const deadline = await applyAndDie(after, 90, device);
  expect(read()).toMatchObject({
    pending: { deadline, candidate: { policy: 'after', generation: 3 }, previous: { policy: 'before' } },
  });
  expect(change('return')).toEqual({ restored: [device], opened: [], lost: [] });
  expect(read()).toEqual({ pending: null, inForce: 'before' });
});

test('a change that is not to be confirmed ends the one that is', { timeout: 240_000 }, async () => {
  const { device } = pair.host;
  change('apply', before, 0, device);
  await applyAndDie(after, 60, device);
  change('apply', before, 0, device);
  expect(read()).toEqual({ pending: null, inForce: 'before' });
  expect(readdirSync(pinsOf(pair, device)).sort()).toEqual(pinsWith('egress', 'ingress'));
});
