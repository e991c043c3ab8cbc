/** Counters that another version of the program pinned, with its own number of fixed slots, go on counting. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BpfMap } from 'libbpf-ts-bindings';
import { mountBpffs } from 'libbpf-ts-bindings';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { openCountersFor, readCounts, readSlots, writeSlots } from '../../src/engine/counter-maps.ts';
import { counterIndex } from '../../src/engine/counts.ts';
import { createJsonMap } from '../../src/engine/json-map.ts';
import { createCounters } from '../../src/engine/program.ts';
import type { Named } from '../../src/engine/slots.ts';
import { FIXED_SLOTS, SlotRegistry } from '../../src/engine/slots.ts';
import { ENUMS } from '../../src/layout/layout.gen.ts';

const FIRST = ENUMS.slot.FIRST_NAMED;
/** The first named slot before eras were recorded. */
const OLD_FIRST = 16;
const WEB: Named = { by: 'rule', policy: 'edge', rule: 'web', action: 'permit' };
const REST: Named = { by: 'default', policy: 'edge', action: 'block' };
const MAIL: Named = { by: 'rule', policy: 'edge', rule: 'mail', action: 'permit' };

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-slot-eras-'));
  mountBpffs(directory);
});

afterEach(() => {
  execFileSync('umount', ['--lazy', directory]);
  rmdirSync(directory);
});

/** So many packets in the slot, all on the first CPU. */
function count(map: BpfMap, slot: number, packets: number): void {
  const value = new Uint8Array(map.valueStride);
  new DataView(value.buffer).setBigUint64(0, BigInt(packets), true);
  map.update(new Uint8Array(Uint32Array.of(counterIndex(slot, 'ingress')).buffer), value);
}

/** As the version before pinned them: two names, and counters of 64 slots. */
function pinOld(): void {
  using slots = createJsonMap('xdpol_slots', [WEB, REST]);
  slots.pin(join(directory, 'slots'));
  using counters = createCounters(64);
  count(counters, ENUMS.slot.MALFORMED_DROP, 3);
  count(counters, OLD_FIRST, 5);
  count(counters, OLD_FIRST + 1, 7);
  counters.pin(join(directory, 'counters-0'));
}

function packetsOf(registry: SlotRegistry, named: Named): number {
  const slot = present(registry.slotOf(named));
  return Number(readCounts(directory, registry).ingress.at(slot).packets);
}

test('are read before anything is applied', () => {
  pinOld();
  const registry = readSlots(directory);
  expect(registry.eras).toEqual([{ first: OLD_FIRST, maps: 1 }]);
  expect([WEB, REST].map((named) => packetsOf(registry, named))).toEqual([5, 7]);
  expect(readCounts(directory, registry).ingress.at(ENUMS.slot.MALFORMED_DROP).packets).toBe(3n);
  for (const slot of FIXED_SLOTS.keys()) {
    const { packets } = readCounts(directory, registry).ingress.at(slot);
    expect(packets, `fixed slot ${slot}`).toBe(slot === ENUMS.slot.MALFORMED_DROP ? 3n : 0n);
  }
});

test('get other counters besides, and neither loses a count', () => {
  pinOld();
  const registry = readSlots(directory);
  const mail = registry.slot(MAIL);
  expect(registry.isUnsaved).toBe(true);
  writeSlots(directory, registry);
  using counters = openCountersFor(directory, registry);
  expect(counters.spec.maxEntries).toBeGreaterThanOrEqual(registry.size * ENUMS.direction.DIRECTIONS);
  count(counters, present(registry.slotOf(WEB)), 100);
  count(counters, mail, 40);
  const again = readSlots(directory);
  expect(again.isUnsaved).toBe(false);
  expect([WEB, REST, MAIL].map((named) => packetsOf(again, named))).toEqual([105, 7, 40]);
});

test('of this version are used again', () => {
  const registry = new SlotRegistry();
  registry.slot(WEB);
  writeSlots(directory, registry);
  using first = openCountersFor(directory, registry);
  using second = openCountersFor(directory, readSlots(directory));
  expect(second.id).toBe(first.id);
  expect(present(readSlots(directory).slotOf(WEB))).toBe(FIRST);
});

test('of a version with more fixed slots are read by that number', () => {
  using slots = createJsonMap('xdpol_slots', {
    first: FIRST + 8,
    before: [{ first: OLD_FIRST, maps: 1 }],
    named: [WEB],
  });
  slots.pin(join(directory, 'slots'));
  for (const [number, first] of [OLD_FIRST, FIRST + 8].entries()) {
    using counters = createCounters(64);
    count(counters, first, number + 1);
    counters.pin(join(directory, `counters-${number}`));
  }
  const registry = readSlots(directory);
  expect(registry.eras.map(({ maps }) => maps)).toEqual([1, 2]);
  expect(packetsOf(registry, WEB)).toBe(3);
});
