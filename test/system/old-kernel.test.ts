/** Kernels that cannot do all: clsact in tcx's place, and arriving packets only where there is neither. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPinnedLink } from 'libbpf-ts-bindings';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { compileBpf } from '../support/compile-bpf.ts';
import {
  byName,
  countersOf,
  expectedCounters,
  FRAMES,
  LATER_FRAGMENT,
  writePolicies,
} from '../support/counted-traffic.ts';
import { startEgressTraffic } from '../support/egress-traffic.ts';
import { holdStore } from '../support/hold-store.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import type { OldKernel } from '../support/old-kernel.ts';
import { oldKernel } from '../support/old-kernel.ts';
import { ownProcess } from '../support/own-process.ts';

const SWAPS = 15;
const KILLS = 3;
const LATEST_KILL_MS = 900;
/** The kernel ends a network namespace some time after its name and its last process. */
const NAMESPACE_ENDS = { timeout: 20_000, interval: 50 };
/** Blocked by both of the policies, whichever is in force. */
const BLOCKED = ['rule rest', 'parse malformed'];

let pair: NamespacePair;
let kernel: OldKernel;
let policies: readonly [string, string];

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  kernel = oldKernel(pair.directory);
  policies = writePolicies(pair.directory);
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function withoutTcx(...args: readonly string[]): Outcome {
  return pair.run(pair.host, kernel.withoutTcx(pair.xdpol(...args)));
}

function withoutBoth(...args: readonly string[]): Outcome {
  return pair.run(pair.host, kernel.withoutBoth(pair.xdpol(...args)));
}

function succeeds(outcome: Outcome): string {
  expect(outcome.stderr).not.toContain('error');
  expect(outcome.status).toBe(0);
  return outcome.stdout;
}

function ifindexOfLink(path: string): number {
  using link = openPinnedLink(path);
  return link.ifindex;
}

function tc(...args: readonly string[]): string {
  return pair.exec(pair.host, ['tc', ...args]);
}

interface Status {
  readonly assigned: { readonly ingressOnly?: boolean } | null;
  readonly interfaces: readonly {
    readonly name: string;
    readonly hooks: readonly { readonly hook: string; readonly generation: number }[];
  }[];
  readonly gaps: readonly string[];
}

function status(): Status {
  return JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as Status;
}

function hooks(): readonly string[] {
  return status().interfaces.flatMap((one) =>
    one.hooks.map(({ hook, generation }) => `${one.name} ${hook} ${generation}`),
  );
}

/** What a reboot does to the kernel. */
function reboot(): void {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const pins = readdirSync(root, { recursive: true, encoding: 'utf8' });
  for (const name of pins.filter((one) => /\/(?:ingress|egress)$/u.test(one))) unlinkSync(join(root, name));
}

describe('clsact in the place of tcx', () => {
  test('the life of a policy, and what is shown of it', async () => {
    const { device } = pair.host;
    succeeds(withoutTcx('apply', policies[0], '-i', device));
    expect(hooks()).toEqual([`${device} xdp 1`, `${device} clsact 1`]);
    expect(pair.exec(pair.host, pair.xdpol('status'))).toMatch(/egress +clsact +swap/u);
    expect(tc('filter', 'show', 'dev', device, 'egress')).toContain('xdpol_egress');
    const agent = await AgentProcess.start(pair);
    expect(agent.scrape().sum('xdpol_attach_info', 'hook="clsact"', 'mode="none"')).toBe(1);
    expect(agent.scrape().value(`xdpol_attached{device="${device}",direction="egress"}`)).toBe(1);
    succeeds(withoutTcx('apply', policies[1], '-i', device));
    succeeds(withoutTcx('restore'));
    expect(hooks()).toEqual([`${device} xdp 3`, `${device} clsact 3`]);
    expect(tc('filter', 'show', 'dev', device, 'egress').match(/xdpol_egress:/gu)).toHaveLength(1);
    {
      using _held = holdStore(pair);
      tc('filter', 'del', 'dev', device, 'egress', 'pref', '1');
      expect(status().gaps).toEqual([`${device} egress is not filtered`]);
      expect(agent.scrape().value(`xdpol_attached{device="${device}",direction="egress"}`)).toBe(0);
      // It would put the filter back by itself, and at tcx, which this kernel has.
      await agent.end('SIGKILL');
    }
    succeeds(withoutTcx('restore'));
    expect(status().gaps).toEqual([]);
  });

  test('a filter that is there is swapped where it is, by a kernel with tcx too', () => {
    const { device } = pair.host;
    succeeds(withoutTcx('apply', policies[0], '-i', device));
    pair.exec(pair.host, pair.xdpol('apply', policies[1], '-i', device));
    expect(hooks()).toEqual([`${device} xdp 2`, `${device} clsact 2`]);
    expect(pair.exec(pair.host, ['bpftool', 'net', 'show', 'dev', device])).not.toContain('tcx');
  });

  test('every frame is decided and counted once through swaps and killed applies', { timeout: 240_000 }, async () => {
    const { device } = pair.host;
    succeeds(withoutTcx('apply', policies[0], '-i', device));
    const stopTraffic = startEgressTraffic(pair);
    const argv = ownProcess('swap-loop', device, String(SWAPS), ...policies);
    const swapper = pair.spawn(pair.host, kernel.withoutTcx(argv), { stdio: ['ignore', 'inherit', 'inherit'] });
    expect(await once(swapper, 'exit')).toEqual([0, null]);
    for (let i = 0; i < KILLS; i++) {
      const apply = kernel.withoutTcx(pair.xdpol('apply', policies[i % 2 === 0 ? 1 : 0], '-i', device));
      const child = pair.spawn(pair.host, apply, { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await Promise.race([ended, sleep((LATEST_KILL_MS * (i + 1)) / KILLS)]);
      child.kill('SIGKILL');
      await ended;
      expect(status().gaps).toEqual([]);
    }
    succeeds(withoutTcx('apply', policies[1], '-i', device));
    const { passed, dropped } = await stopTraffic();
    expect(Math.min(...passed.map((count, i) => count + (dropped[i] ?? 0)))).toBeGreaterThan(0);
    for (const [i, [counter]] of FRAMES.entries()) {
      expect((BLOCKED.includes(counter) ? passed : dropped)[i], counter).toBe(0);
    }
    const sent = passed.map((count, i) => count + (dropped[i] ?? 0));
    const { counters, fragments } = countersOf(pair, 'egress');
    expect(byName(counters)).toEqual(expectedCounters(sent));
    expect(fragments.packets).toBe(sent[LATER_FRAGMENT]);
  });

  test('a failure at a later interface puts the old program back', () => {
    const { device } = pair.host;
    succeeds(withoutTcx('apply', policies[0], '-i', device));
    pair.exec(pair.host, ['ip', 'link', 'add', 'taken0', 'type', 'veth', 'peer', 'taken1']);
    tc('qdisc', 'add', 'dev', 'taken0', 'ingress');
    const { stderr, status: code } = withoutTcx('apply', policies[1], '-i', device, '-i', 'taken0');
    expect(stderr).toContain('taken0: the qdisc "ingress" stands where clsact');
    expect(code).toBe(1);
    expect(hooks()).toEqual([`${device} xdp 1`, `${device} clsact 1`]);
    expect(status().gaps).toEqual([]);
  });

  const OCCUPANTS: readonly (readonly [name: string, filter: readonly string[], said: string])[] = [
    ['another kind', ['pref', '1', 'protocol', 'ip', 'u32', 'match', 'u32', '0', '0'], 'of another kind or protocol'],
    ['classic BPF', ['pref', '1', 'handle', '0x7864706f', 'bpf', 'bytecode', '1,6 0 0 0'], 'classic BPF'],
    ['our handle', ['pref', '1', 'handle', '0x7864706f', 'bpf', 'da', 'obj', 'OBJECT', 'sec', 'tc'], 'accept (id '],
  ];
  for (const [name, filter, said] of OCCUPANTS) {
    test(`a filter of somebody else at our place (${name}) stays, and the message names it`, () => {
      const { device } = pair.host;
      tc('qdisc', 'add', 'dev', device, 'clsact');
      const object = compileBpf('accept', pair.directory);
      tc('filter', 'add', 'dev', device, 'egress', ...filter.map((word) => (word === 'OBJECT' ? object : word)));
      const before = tc('filter', 'show', 'dev', device, 'egress');
      const { stderr, status: code } = withoutTcx('apply', policies[0], '-i', device);
      expect(stderr).toContain(said);
      expect(stderr).toContain(`tc filter show dev ${device} egress`);
      expect(code).toBe(1);
      expect(hooks()).toEqual([]);
      expect(tc('filter', 'show', 'dev', device, 'egress')).toBe(before);
    });
  }

  test('unassign takes our filter away and leaves the qdisc and what others have in it', () => {
    const { device } = pair.host;
    succeeds(withoutTcx('apply', policies[0], '-i', device));
    tc('filter', 'add', 'dev', device, 'egress', 'pref', '9', 'protocol', 'ip', 'u32', 'match', 'u32', '0', '0');
    const { stderr, status: code } = withoutTcx('unassign');
    expect(stderr).toContain('the clsact qdisc stays');
    expect(code).toBe(0);
    const left = tc('filter', 'show', 'dev', device, 'egress');
    expect(left).not.toContain('xdpol');
    expect(left).toContain('u32');
    expect(pair.exec(pair.host, pair.xdpol('delete', 'swap'))).toContain(`counters of ${device}`);
    expect(readdirSync(join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol'))).toEqual([]);
  });

  test('what a namespace left behind that is gone is swept by the next apply in another', async () => {
    const inside = `${pair.host.namespace}-gone`;
    const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
    spawnSync('ip', ['netns', 'add', inside]);
    try {
      const argv = ['nsenter', `--net=/run/netns/${inside}`, '--'];
      pair.exec(pair.host, [...argv, 'ip', 'link', 'add', 'gone0', 'type', 'veth', 'peer', 'gone1']);
      pair.exec(pair.host, [...argv, ...kernel.withoutTcx(pair.xdpol('apply', policies[0], '-i', 'gone0'))]);
      expect(readdirSync(root)).toHaveLength(1);
    } finally {
      spawnSync('ip', ['netns', 'del', inside]);
    }
    const [left = ''] = readdirSync(root);
    await vi.waitFor(() => expect(ifindexOfLink(join(root, left, 'gone0', 'ingress'))).toBe(0), NAMESPACE_ENDS);
    succeeds(withoutTcx('apply', policies[0], '-i', pair.host.device));
    expect(readdirSync(root)).not.toContain(left);
    expect(hooks()).toEqual([`${pair.host.device} xdp 1`, `${pair.host.device} clsact 1`]);
  });
});

describe('neither tcx nor clsact', () => {
  test('refused, with the way to accept it; then arriving packets only, by choice', async () => {
    const { device } = pair.host;
    const refused = withoutBoth('apply', policies[0], '-i', device);
    expect(refused.stderr).toContain('neither tcx (Linux 6.6) nor clsact');
    expect(refused.stderr).toContain('xdpol apply --ingress-only');
    expect(refused.status).toBe(1);
    expect(hooks()).toEqual([]);
    expect(succeeds(withoutBoth('apply', policies[0], '-i', device, '--ingress-only'))).toContain(
      'arriving packets only',
    );
    expect(hooks()).toEqual([`${device} xdp 1`]);
    expect(status()).toMatchObject({ assigned: { ingressOnly: true }, gaps: [] });
    const shown = pair.run(pair.host, pair.xdpol('status'));
    expect(shown.stdout).toContain(`${device} egress is not filtered, by choice: --ingress-only`);
    expect(shown.stderr).toBe('');
    const agent = await AgentProcess.start(pair);
    expect(agent.scrape().value(`xdpol_attached{device="${device}",direction="ingress"}`)).toBe(1);
    expect(agent.scrape().text).not.toContain(`xdpol_attached{device="${device}",direction="egress"}`);
  });

  test('assign and restore go on as it was chosen, apply asks again', () => {
    const { device } = pair.host;
    succeeds(withoutBoth('apply', policies[0], '-i', device, '--ingress-only'));
    succeeds(withoutBoth('assign', 'swap'));
    reboot();
    expect(status().gaps).toEqual([`${device} ingress is not filtered`]);
    succeeds(withoutBoth('restore'));
    expect(hooks()).toEqual([`${device} xdp 1`]);
    expect(withoutBoth('apply', policies[1], '-i', device).status).toBe(1);
    expect(hooks()).toEqual([`${device} xdp 1`]);
    pair.exec(pair.host, pair.xdpol('apply', policies[1], '-i', device));
    expect(hooks()).toEqual([`${device} xdp 2`, `${device} tcx 2`]);
    expect(status().assigned).not.toHaveProperty('ingressOnly');
  });

  test('--ingress-only does not open an egress that is filtered', () => {
    const { device } = pair.host;
    for (const run of [withoutTcx, withoutBoth]) {
      succeeds(withoutTcx('apply', policies[0], '-i', device));
      const { stderr, status: code } = run('apply', policies[1], '-i', device, '--ingress-only');
      expect(stderr).toContain('--ingress-only would let them all pass');
      expect(stderr).toContain('xdpol unassign');
      expect(code).toBe(1);
      expect(status().gaps).toEqual([]);
    }
  });
});

test('an assignment of before that has no such field is valid', () => {
  const { device } = pair.host;
  pair.exec(pair.host, pair.xdpol('apply', policies[0], '-i', device));
  const file = join(pair.env['XDPOL_STATE_DIR'] ?? '', 'assigned.json');
  const { assigned } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as { assigned: object };
  expect(Object.keys(assigned)).toEqual(['policy', 'version', 'hash', 'interfaces', 'mode', 'at']);
  writeFileSync(file, JSON.stringify(assigned));
  expect(pair.exec(pair.host, pair.xdpol('restore'))).toContain('in force, generation 2');
});
