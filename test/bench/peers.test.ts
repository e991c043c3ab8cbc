/**
 * The peers on the same frames: the bench compares their counters with the reference classifier before
 * and after it times, and fails where they differ. Here with few frames and one round.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { interfaces } from 'libbpf-ts-bindings';
import { afterEach, expect, test } from 'vitest';
import { childResult, measureInChild } from '../../bench/children.ts';
import type { Effort } from '../../bench/effort.ts';

const FEW: Effort = {
  rounds: 1,
  repeat: 1000,
  sample: 64,
  cpus: [0],
  liveMs: 1,
  compiles: 1,
  replayPackets: 1000,
};
const STACK = ['nft drop all', 'nft netdev ingress', 'nft raw prerouting', 'iptables raw + ipset'];

function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** What a case could leave behind, by the names it gives: devices, namespaces, pins. */
function traces(): readonly string[] {
  const devices = interfaces().map(({ name }) => name);
  return [
    ...devices.filter((name) => /^(?:p\d|xdp)-(?:in|out)\d$|^edge(?:-peer)?$/u.test(name)),
    ...listed('/run/netns').filter((name) => /^p\d$/u.test(name)),
    ...listed('/sys/fs/bpf').filter((name) => ['filter_ports', 'xdp_stats_map'].includes(name)),
  ];
}

afterEach(() => expect(traces()).toEqual([]));

for (const policy of ['list-10k', 'set-1k']) {
  test(`${policy}: nftables and iptables decide as the reference classifier; xdp-filter cannot say it`, () => {
    const figures = measureInChild('live', policy, FEW);
    const rates = figures.filter(({ quantity }) => quantity === 'rate, 1 CPU');
    expect(new Set(rates.filter(({ spread }) => spread !== undefined).map(({ subject }) => subject))).toEqual(
      new Set(['bare', 'xdpol', ...STACK]),
    );
    expect(new Set(rates.filter(({ spread }) => spread === undefined).map(({ subject }) => subject))).toEqual(
      new Set(['xdp-filter']),
    );
  });
}

test('three ports: every peer decides as the reference classifier', () => {
  const subjects = new Set(measureInChild('live', 'ports', FEW).map(({ subject }) => subject));
  expect(subjects).toEqual(new Set(['bare', 'xdpol', 'xdp-filter', ...STACK]));
  const figures = measureInChild('dataplane', 'ports', FEW).filter(({ subject }) => subject === 'xdp-filter');
  expect(figures.map(({ traffic, baseline }) => [traffic, baseline])).toEqual([
    ['permitted', 'bare_linear'],
    ['default-blocked', 'bare_linear'],
    ['mixed', 'bare_linear'],
  ]);
});

test('two senders where there are two CPUs', () => {
  const two = availableParallelism() > 1;
  const figures = measureInChild('live', 'ports', { ...FEW, cpus: two ? [0, 1] : [0] });
  const subjects = figures.filter(({ quantity }) => quantity === 'rate, 2 CPUs').map(({ subject }) => subject);
  expect(subjects).toEqual(two ? ['bare', 'xdpol', 'xdp-filter', ...STACK] : []);
});

test('a peer that drops too much is found out', () => {
  const script = pathToFileURL(new URL('../support/wrong-peer.ts', import.meta.url).pathname).href;
  expect(childResult(script, [])).toEqual(['permitted: wrong', 'default-blocked: right', 'mixed: wrong']);
});

test('the sections around the data plane measure what they say', () => {
  const quantities = (section: 'load' | 'swap' | 'scrape' | 'replay', policy: string): readonly string[] =>
    measureInChild(section, policy, FEW).map(({ quantity }) => quantity);
  expect(quantities('load', 'example')).toContain('ingress program');
  expect(quantities('swap', 'example')).toEqual(['compiled to in force', 'XDP flip', 'tcx flip']);
  const scrape = ['a scrape', 'of processor time', 'text', 'memory'];
  expect(quantities('scrape', 'rules-10')).toEqual([...scrape, ...scrape]);
  expect(quantities('replay', 'example')).toEqual(['packets', 'whole run', 'rate']);
});
