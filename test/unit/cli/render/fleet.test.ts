/** `fleet status` of fleets that a person cannot read whole. */
import { expect, test } from 'vitest';
import { standingText } from '../../../../src/cli/render/fleet.ts';
import type { HostStanding, HostState } from '../../../../src/fleet/centre/states.ts';
import type { Order } from '../../../../src/fleet/order.ts';
import { statusReport } from '../../../support/fleet-status.ts';

const NOW = 1_000_000_000;
const SHA = 'ab'.repeat(32);
const ORDER: Order = {
  ...{ kind: 'policy', target: 'group/web', seq: 7, issued: 0, expires: 1, previous: null, wave: null },
  policy: { name: 'web', version: 3, sha256: SHA, size: 1 },
};
const inForce = { target: 'group/web', seq: 7, sha256: SHA, policy: 'web' };

function standing(at: number, state: HostState): HostStanding {
  const error = state === 'failed' ? { seq: 7, code: 'XDPOL_E_FRONT', message: 'no space left on device' } : null;
  const status = state === 'not-joined' ? undefined : { ...statusReport({ seq: 7, inForce, error }), at: NOW - 42_000 };
  return { host: `web${at}`, state, ordered: ORDER, status };
}

function fleet(counts: Readonly<Partial<Record<HostState, number>>>): readonly HostStanding[] {
  const states = Object.entries(counts).flatMap(([state, count]) => Array<HostState>(count).fill(state as HostState));
  return states.map((state, at) => standing(at, state));
}

test('a small fleet is listed whole, by name, below the counts', () => {
  expect(standingText(fleet({ 'in-sync': 2, 'not-joined': 1 }), NOW)).toMatchInlineSnapshot(`
    "3 hosts: 2 in-sync, 1 not-joined

    HOST  STATE       ORDERED            IN FORCE  SEEN      ERROR
    web0  in-sync     web@3 (group/web)  web@3     42 s ago
    web1  in-sync     web@3 (group/web)  web@3     42 s ago
    web2  not-joined  web@3 (group/web)  -         -
    "
  `);
});

test('5,000 hosts: the counts, then those that need somebody, the most urgent first, cut off with a count', () => {
  const text = standingText(fleet({ 'in-sync': 4921, pending: 60, silent: 14, drifted: 2, failed: 3 }), NOW);
  const lines = text.trimEnd().split('\n');
  expect([...lines.slice(0, 9), ...lines.slice(-2)].join('\n')).toMatchInlineSnapshot(`
    "5000 hosts: 4921 in-sync, 60 pending, 3 failed, 2 drifted, 14 silent

    HOST     STATE    ORDERED            IN FORCE  SEEN      ERROR
    web4997  failed   web@3 (group/web)  web@3     42 s ago  no space left on device
    web4998  failed   web@3 (group/web)  web@3     42 s ago  no space left on device
    web4999  failed   web@3 (group/web)  web@3     42 s ago  no space left on device
    web4995  drifted  web@3 (group/web)  web@3     42 s ago
    web4996  drifted  web@3 (group/web)  web@3     42 s ago
    web4981  silent   web@3 (group/web)  web@3     42 s ago
    web4951  pending  web@3 (group/web)  web@3     42 s ago
    and 29 more that are not in sync: --json has all of them"
  `);
  expect(lines).toHaveLength(54);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(100);
});

test('5,000 hosts that are all in sync are one line', () => {
  expect(standingText(fleet({ 'in-sync': 5000 }), NOW)).toBe('5000 hosts: 5000 in-sync\n');
});
