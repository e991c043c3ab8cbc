/**
 * What the programs of one interface take samples by: a ring that holds them, a budget for each counter slot, and the
 * control, by which a reader turns them on. They are pinned beside the counters and outlive every generation.
 */
import { join } from 'node:path';
import type { BpfMap } from 'libbpf-ts-bindings';
import { createMap, mapFlags, openPinnedMap } from 'libbpf-ts-bindings';
import { present } from '../../base/assert.ts';
import { STRUCTS } from '../../layout/layout.gen.ts';
import { listDirectory } from '../bpffs.ts';

const CONTROL_PIN = 'sampling';
const RING_PIN = 'samples';
const BUDGETS_PIN = /^budgets-(\d+)$/u;
/** Bytes of the ring: some 1500 samples, which a reader that looks ten times a second empties in time. */
const RING_BYTES = 1 << 18;

const CONTROL = { type: 'array', keySize: 4, valueSize: STRUCTS.sampling.size, maxEntries: 1 } as const;
const BUDGETS = { type: 'array', keySize: 4, valueSize: STRUCTS.budget.size } as const;

/** Owns the handles. */
export class SamplingMaps implements Disposable {
  readonly control: BpfMap;
  readonly ring: BpfMap;
  /** Oldest first; programs count in the newest. */
  readonly budgets: readonly BpfMap[];

  constructor(control: BpfMap, ring: BpfMap, budgets: readonly BpfMap[]) {
    this.control = control;
    this.ring = ring;
    this.budgets = budgets;
  }

  /** By the names that the object has for them. */
  get byName(): Readonly<Record<string, BpfMap>> {
    return { '.data.sampling': this.control, samples: this.ring, budgets: present(this.budgets.at(-1)) };
  }

  [Symbol.dispose](): void {
    for (const map of [this.control, this.ring, ...this.budgets]) map[Symbol.dispose]();
  }
}

/** Of programs that are attached to nothing. `entries`: of the counters. */
export function createSampling(entries: number, ringBytes: number = RING_BYTES): SamplingMaps {
  return new SamplingMaps(createControl(), createRing(ringBytes), [createBudgets(entries)]);
}

function createControl(): BpfMap {
  return createMap({ name: 'xdpol_sampling', ...CONTROL, flags: mapFlags.mmapable });
}

function createRing(bytes: number): BpfMap {
  return createMap({ name: 'xdpol_samples', type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: bytes });
}

function createBudgets(entries: number): BpfMap {
  return createMap({ name: 'xdpol_budgets', ...BUDGETS, maxEntries: entries, flags: mapFlags.mmapable });
}

function budgetPins(directory: string): readonly string[] {
  return listDirectory(directory)
    .filter((name) => BUDGETS_PIN.test(name))
    .sort((a, b) => Number(BUDGETS_PIN.exec(a)?.[1]) - Number(BUDGETS_PIN.exec(b)?.[1]))
    .map((name) => join(directory, name));
}

/** What is pinned in an interface's directory, if anything is. The caller disposes it. */
export function findSampling(directory: string): SamplingMaps | undefined {
  const pins = listDirectory(directory);
  const budgets = budgetPins(directory);
  if (!pins.includes(CONTROL_PIN) || !pins.includes(RING_PIN) || budgets.length === 0) return undefined;
  const opened: BpfMap[] = [];
  const open = (path: string, expect: Parameters<typeof openPinnedMap>[1]): BpfMap => {
    const map = openPinnedMap(path, expect);
    opened.push(map);
    return map;
  };
  try {
    const control = open(join(directory, CONTROL_PIN), CONTROL);
    const ring = open(join(directory, RING_PIN), { type: 'ringbuf' });
    return new SamplingMaps(
      control,
      ring,
      budgets.map((path) => open(path, BUDGETS)),
    );
  } catch (error) {
    for (const map of opened) map[Symbol.dispose]();
    throw error;
  }
}

/**
 * What is pinned, made where it is missing; with budgets for as many `entries` as the counters have. The caller disposes
 * it.
 */
export function openSamplingFor(directory: string, entries: number): SamplingMaps {
  const pins = listDirectory(directory);
  if (!pins.includes(CONTROL_PIN)) pinNew(createControl(), join(directory, CONTROL_PIN));
  if (!pins.includes(RING_PIN)) pinNew(createRing(RING_BYTES), join(directory, RING_PIN));
  if (newestRoom(directory) < entries) {
    pinNew(createBudgets(entries), join(directory, `budgets-${budgetPins(directory).length}`));
  }
  return present(findSampling(directory));
}

function newestRoom(directory: string): number {
  const newest = budgetPins(directory).at(-1);
  if (newest === undefined) return 0;
  using map = openPinnedMap(newest, BUDGETS);
  return map.spec.maxEntries;
}

function pinNew(map: BpfMap, path: string): void {
  try {
    map.pin(path);
  } finally {
    map[Symbol.dispose]();
  }
}
