/** More classes of addresses than 16 bits hold: the loaded program tells them apart, of both families. */
import { expect, test } from 'vitest';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import type { Policy } from '../../src/policy/model.ts';
import { shapeOf } from '../support/compiled-shape.ts';
import { compiled, runInKernel } from '../support/kernel.ts';
import type { FormName } from '../support/kernel-table.ts';
import { FORM_BUDGETS, outcomeOf, referenceOutcomes } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { raw } from '../support/packets.ts';
import type { FilterFields } from '../support/policies.ts';
import { block, hostOf, permit, policyOf } from '../support/policies.ts';

const CLASSES = 1 << 16;
const HOSTS = CLASSES + 300;
const LISTS = 3;

/** Every second address, so that those between belong to nobody. */
function host4(i: number): string {
  return `10.${(2 * i) >> 16}.${((2 * i) >> 8) & 255}.${(2 * i) & 255}`;
}

function neighbor4(i: number): string {
  return `10.${(2 * i + 1) >> 16}.${((2 * i + 1) >> 8) & 255}.${(2 * i + 1) & 255}`;
}

function host6(i: number): string {
  return `2001:db8::${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}`;
}

/** Filters in turn in one of three lists: 2^16 is no multiple of that, so a class that lost a bit is of another list. */
function listed(filterOf: (i: number) => FilterFields, list: number): FilterFields[] {
  return Array.from({ length: Math.ceil((HOSTS - list) / LISTS) }, (_, n) => filterOf(LISTS * n + list));
}

function policyOfHosts(filterOf: (i: number) => FilterFields): Policy {
  return policyOf([
    { ...block(...listed(filterOf, 0)), name: 'first' },
    { ...permit(...listed(filterOf, 1)), name: 'second' },
    { ...block(...listed(filterOf, 2)), name: 'third' },
  ]);
}

/** Hosts around the last class that 16 bits hold, of the first and last classes, and one that nobody has. */
const LOOKED_AT = [0, 1, 2, 255, 256, CLASSES - 3, CLASSES - 2, CLASSES - 1, CLASSES, CLASSES + 1, HOSTS - 1, HOSTS];

test('IPv4, in rows', { timeout: 120_000 }, () => {
  const policy = policyOfHosts((i) => ({ from: host4(i), to: '192.0.2.0/24' }));
  const packets = LOOKED_AT.flatMap((i) => [raw(50, host4(i), '192.0.2.1'), raw(50, neighbor4(i), '192.0.2.1')]);
  const tables = check(policy, packets, 'default');
  expect(shapeOf(tables).src4Shape.wide).toBe(1);
  expect(tables.statistics).toMatchObject({ mode4: 'rows', classes: { source4: HOSTS + 1 } });
});

test('IPv6, in rank sets', { timeout: 120_000 }, () => {
  const policy = policyOfHosts((i) => ({ from: host6(i), to: '2001:db8:1::/48' }));
  const packets = [...LOOKED_AT, HOSTS + 1].map((i) => raw(50, host6(i), '2001:db8:1::1'));
  const tables = check(policy, packets, 'ranks');
  expect(tables.statistics).toMatchObject({ mode6: 'ranks', classes: { source6: HOSTS + 1 } });
});

function check(policy: Policy, packets: readonly TestPacket[], form: FormName): CompiledPolicy {
  const wanted = referenceOutcomes(policy, packets);
  expect(new Set(wanted).size).toBe(LISTS + 1);
  const tables = compiled(policy, hostOf(), { budgets: FORM_BUDGETS[form] });
  expect(runInKernel(tables, packets).map(outcomeOf)).toEqual(wanted);
  return tables;
}
