/** Policies that change under traffic on both CPUs: every frame is decided and counted exactly once. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { expectAllCounted, startTraffic, writePolicies } from '../support/counted-traffic.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { ownProcess } from '../support/own-process.ts';
import { programsOf } from '../support/programs-in-kernel.ts';

const SWAPS = 15;
const KILLS = 6;
/** Past the whole run of an apply, so that some are killed at every step of it and some are not. */
const LATEST_KILL_MS = 900;
const FREED_WITHIN_MS = 10_000;

/** The kernel frees a program some time after its last user let go. */
async function expectOneGeneration(pair: NamespacePair): Promise<void> {
  for (let waited = 0; programsOf(pair).length > 2 && waited < FREED_WITHIN_MS; waited += 100) await sleep(100);
  expect(
    programsOf(pair)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['xdpol_egress', 'xdpol_ingress']);
}

test('every frame is counted exactly once through many swaps', { timeout: 240_000 }, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const policies = writePolicies(pair.directory);
  pair.exec(pair.host, pair.xdpol('apply', policies[0], '-i', pair.host.device, '--mode', 'native'));
  const stopTraffic = startTraffic(pair);
  const argv = ownProcess('swap-loop', pair.host.device, String(SWAPS), ...policies);
  const swapper = pair.spawn(pair.host, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = (await once(swapper, 'exit')) as [number];
  expect(status).toBe(0);
  await expectOneGeneration(pair);
  await expectAllCounted(pair, stopTraffic);
});

test('an apply killed at any moment leaves a whole policy in force, and the next one succeeds', {
  timeout: 240_000,
}, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const policies = writePolicies(pair.directory);
  const { device } = pair.host;
  pair.exec(pair.host, pair.xdpol('apply', policies[0], '-i', device, '--mode', 'native'));
  const stopTraffic = startTraffic(pair);
  for (let i = 0; i < KILLS; i++) {
    const apply = pair.spawn(pair.host, pair.xdpol('apply', policies[i % 2 === 0 ? 1 : 0], '-i', device), {
      stdio: 'ignore',
    });
    const ended = once(apply, 'exit');
    await Promise.race([ended, sleep((LATEST_KILL_MS * (i + 1)) / KILLS)]);
    apply.kill('SIGKILL');
    await ended;
    const { interfaces, gaps } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as {
      interfaces: readonly { hooks: readonly { policy: string | null }[] }[];
      gaps: readonly string[];
    };
    expect(gaps).toEqual([]);
    expect(interfaces.flatMap(({ hooks }) => hooks.map(({ policy }) => policy))).toEqual(['swap', 'swap']);
  }
  const last = pair.exec(pair.host, pair.xdpol('apply', policies[1], '-i', device));
  expect(last).toContain('in force');
  await expectAllCounted(pair, stopTraffic);
  expect(readdirSync(pair.env['XDPOL_STATE_DIR'] ?? '')).toEqual([
    'assigned.copy.json',
    'assigned.json',
    'cache',
    'changes.jsonl',
    'format',
    'known-host.json',
    'policies',
    'tallies.json',
  ]);
});
