/** What the verifier walks of programs that look for members of live sets: it gives up at a million instructions. */
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { OwnLiveTables } from '../../src/engine/live/own-live-tables.ts';
import { createCounters, DIRECTIONS, loadPolicy } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { compiled } from '../support/kernel.ts';
import { FORM_BUDGETS } from '../support/kernel-table.ts';
import { hostOf } from '../support/policies.ts';
import { readText } from '../support/read-text.ts';

/** Half of what it gives up at: other kernels walk more. */
const MOST_VERIFIED = 500_000;

/** Filters for both addresses and with source ports in both families, and one set that one end is asked for. */
const POLICY = present(
  readText(`
name: t
addressSets: { banned: { live: true } }
rules:
- { name: banned, action: block, filters: [{ source: $banned, destination: any }] }
- name: hosts
  action: permit
  filters:
  - { source: 10.0.0.1, destination: 10.1.0.0/16, protocol: tcp, sourcePort: 1024-65535, destinationPort: [22, 80-90] }
  - { source: 10.0.0.0/24, destination: 10.1.0.1, protocol: udp, destinationPort: 53 }
  - { source: "2001:db8::1", destination: "2001:db8:1::/48", protocol: tcp, destinationPort: [22, 80-90] }
  - { source: "2001:db8::/64", destination: "2001:db8:1::1", protocol: udp, destinationPort: 53 }
`).policy,
);

for (const form of ['dense', 'rows', 'sparse', 'ranks'] as const) {
  test(`one live set at one end, ${form} tables`, { timeout: 60_000 }, () => {
    const policy = compiled(POLICY, hostOf(), { budgets: FORM_BUDGETS[form] });
    expect(policy.statistics).toMatchObject({ mode4: form, mode6: form });
    const registry = new SlotRegistry();
    const slots = policySlots(registry, policy.policy);
    using counters = createCounters(registry.size);
    using tables = new PolicyTables(policy, slots);
    using live = present(OwnLiveTables.of(policy.live));
    using loaded = loadPolicy({ compiled: policy, tables, counters, live: live.program, entries: DIRECTIONS });
    for (const direction of DIRECTIONS) {
      expect(loaded.program(direction).verifiedInsns, direction).toBeLessThan(MOST_VERIFIED);
    }
  });
}
