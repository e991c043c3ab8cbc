/** What each policy has counted at each hook, read in this process: fast enough to watch a change. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCounts, readSlots } from '../../src/engine/counter-maps.ts';
import type { Direction } from '../../src/engine/program.ts';
import { FRAGMENT_SLOT } from '../../src/engine/slots.ts';
import type { NamespacePair } from './namespaces.ts';

export interface PolicyCount {
  readonly packets: number;
  /** jiffies64 of the last one. */
  readonly last: number;
}

/** Pins of one interface of the pair's host. */
export function pinsOf(pair: NamespacePair, device: string): string {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const [namespace = ''] = readdirSync(root);
  return join(root, namespace, device);
}

/** By the name of the policy; under the empty name what is counted by no rule or default. Every packet once. */
export function policyCounts(pair: NamespacePair, device: string, direction: Direction): Map<string, PolicyCount> {
  const pins = pinsOf(pair, device);
  const registry = readSlots(pins);
  const sums = new Map<string, PolicyCount>();
  const counts = readCounts(pins, registry)[direction];
  for (let slot = 0; slot < counts.slots; slot++) {
    const { packets, jiffies } = counts.at(slot);
    const counted = registry.counted(slot);
    if (slot === FRAGMENT_SLOT || counted === undefined) continue;
    const name = 'policy' in counted ? counted.policy : '';
    const sum = sums.get(name) ?? { packets: 0, last: 0 };
    sums.set(name, { packets: sum.packets + Number(packets), last: Math.max(sum.last, Number(jiffies)) });
  }
  return sums;
}
