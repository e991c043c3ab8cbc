/** What is in force and where. */

import type { Generation } from '../engine/generation.ts';
import { drivers } from '../engine/host-facts.ts';
import { DIRECTIONS } from '../engine/program.ts';
import { totalsOf } from '../engine/samples/sampling-control.ts';
import { findSampling } from '../engine/samples/sampling-maps.ts';
import type { Attachment } from '../engine/survey.ts';
import { newestGeneration } from '../engine/survey.ts';
import type { Samples } from './sample-metrics.ts';
import { seriesOf } from './sample-metrics.ts';

/** What should be filtered. */
export interface WantedHooks {
  readonly interfaces: readonly string[];
  /** What leaves them is not filtered, by choice. */
  readonly ingressOnly: boolean;
}

/** The generations of an interface: one, but for the moment between the swaps of its two hooks. */
function generationsOf(attachment: Attachment): readonly Generation[] {
  const generations = attachment.hooks.map((hook) => hook.generation).filter((generation) => generation !== undefined);
  return [...new Map(generations.map((generation) => [generation.generation, generation])).values()];
}

/** Kept from scrape to scrape: a generation is the same object until there is another. */
const seriesOfRules = new WeakMap<Generation, readonly string[]>();

function ruleSeries(generation: Generation): readonly string[] {
  const known = seriesOfRules.get(generation);
  if (known !== undefined) return known;
  const { policy, rules } = generation;
  const made = rules.map(({ name: rule, action, filterList, filters }) =>
    seriesOf('xdpol_rule_info', { policy, rule, action, filter_list: filterList, filters: String(filters) }),
  );
  seriesOfRules.set(generation, made);
  return made;
}

export function addPolicy(samples: Samples, attachments: readonly Attachment[]): void {
  for (const one of attachments.flatMap(generationsOf)) {
    const { policy, hash, generation } = one;
    const name = 'xdpol_policy_info';
    samples.addFact(name, seriesOf(name, { policy, hash, generation: String(generation) }));
    for (const series of ruleSeries(one)) samples.addFact('xdpol_rule_info', series);
  }
  const newest = newestGeneration(attachments);
  if (newest === undefined) return;
  samples.add('xdpol_policy_applied_timestamp_seconds', {}, Date.parse(newest.appliedAt) / 1000);
}

/** Each interface has tables of its own. */
export function addTables(samples: Samples, attachments: readonly Attachment[]): void {
  const sums = new Map<string, { readonly bytes: number; readonly entries: number }>();
  for (const { name, bytes, entries } of attachments.flatMap(generationsOf).flatMap(({ tables }) => tables)) {
    const before = sums.get(name) ?? { bytes: 0, entries: 0 };
    sums.set(name, { bytes: before.bytes + bytes, entries: before.entries + entries });
  }
  for (const [table, { bytes, entries }] of sums) {
    samples.add('xdpol_table_bytes', { table }, bytes);
    samples.add('xdpol_table_entries', { table }, entries);
  }
}

/** Each interface has a ring of its own. */
export function addEvents(samples: Samples, attachments: readonly Attachment[]): void {
  let taken = 0n;
  let lost = 0n;
  for (const { directory } of attachments) {
    using maps = findSampling(directory);
    if (maps === undefined) continue;
    const totals = totalsOf(maps);
    taken += totals.taken;
    lost += totals.lost;
  }
  samples.add('xdpol_events_total', {}, taken);
  samples.add('xdpol_events_lost_total', {}, lost);
}

export function addAttachments(samples: Samples, attachments: readonly Attachment[], wanted: WantedHooks): void {
  const attached = new Map(attachments.map((attachment) => [attachment.name, attachment]));
  for (const device of [...new Set([...attached.keys(), ...wanted.interfaces])].sort()) {
    for (const direction of DIRECTIONS) {
      const there = attached.get(device)?.hooks.some((hook) => hook.direction === direction) === true;
      if (!there && wanted.ingressOnly && direction === 'egress') continue;
      samples.add('xdpol_attached', { device, direction }, Number(there));
    }
  }
  const driverOf = drivers();
  for (const { name: device, ifindex, mode = 'unknown', hooks } of attachments) {
    const driver = driverOf.get(ifindex) ?? 'none';
    for (const { kind: hook, programTag } of hooks) {
      const labels = { device, hook, mode: hook === 'xdp' ? mode : 'none', driver, program_tag: programTag };
      samples.add('xdpol_attach_info', labels, 1);
    }
  }
}
