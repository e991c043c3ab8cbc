/** Members of live sets where a policy is asked about: those of now, those that are given, and your own address. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatPrefix } from '../../src/base/ip.ts';
import type { HostContext } from '../../src/host/context.ts';
import { openContext } from '../../src/host/context.ts';
import type { PresentPacket } from '../../src/host/guard/present-packets.ts';
import { requireTraffic } from '../../src/host/guard/require-traffic.ts';
import { changeSet } from '../../src/host/live-sets/change-set.ts';
import type { GivenMembers } from '../../src/host/live-sets/policy-members.ts';
import { membersFor } from '../../src/host/live-sets/policy-members.ts';
import { DEFAULT_LEVELS } from '../../src/policy/live-sets.ts';
import type { Policy } from '../../src/policy/model.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { prefixesOf } from '../../src/policy/prefix-set.ts';
import { tcp } from '../support/packets.ts';
import { block, hostOf, policyOf, prefixFrom, setsOf } from '../support/policies.ts';

const ADMIN = '198.51.100.7';
let directory: string;
let context: HostContext;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-members-'));
  const asker = { who: 'root', uid: 0, via: 'command', ssh: `${ADMIN} 40000 192.0.2.1 22` } as const;
  context = openContext(() => undefined, directory, { asker });
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function policyWith(...names: readonly string[]): Policy {
  const live = { capacity: 100, levels: DEFAULT_LEVELS };
  const sets = [...setsOf(Object.fromEntries(names.map((name) => [name, []])))];
  return policyOf(
    names.map((name) => ({ ...block({ from: `$${name}` }), name })),
    { addressSets: new Map(sets.map(([name, set]) => [name, { ...set, live }])) },
  );
}

function keep(set: string, ...members: readonly string[]): void {
  const put = members.map((text) => ({ prefix: prefixFrom(text), endsAt: 0, note: '' }));
  context.store.liveSets.change(set, { put, removed: [], counts: { adds: 0, expired: 0, refused: {} } });
}

function membersOf(policy: Policy, given: readonly GivenMembers[] = []): Readonly<Record<string, readonly string[]>> {
  const members = membersFor(context.store, policy, given);
  return Object.fromEntries([...members].map(([name, set]) => [name, [...prefixesOf(set)].map(formatPrefix)]));
}

const LIST = { name: 'list.txt', text: '203.0.113.9\n' };

describe('members', () => {
  test('are those of now, unless some are given', () => {
    keep('bans', ADMIN);
    expect(membersOf(policyWith('bans', 'drop'))).toEqual({ bans: [ADMIN], drop: [] });
    expect(membersOf(policyWith('bans', 'drop'), [{ set: 'drop', list: LIST }])).toEqual({
      bans: [ADMIN],
      drop: ['203.0.113.9'],
    });
    expect(membersOf(policyWith('bans'), [{ list: LIST }])).toEqual({ bans: ['203.0.113.9'] });
    expect(membersOf(policyWith())).toEqual({});
  });

  const wrong: readonly (readonly [names: readonly string[], given: GivenMembers, message: string])[] = [
    [['bans', 'drop'], { list: LIST }, 'members are given for a live set: there are: bans, drop'],
    [['bans'], { set: 'ban', list: LIST }, 'members are given for the live set ban: there are: bans'],
    [[], { list: LIST }, 'the policy has none'],
    [['bans'], { list: { ...LIST, text: '203.0.113.0/26\n' } }, 'whose members have the lengths /32, /24'],
  ];
  test.each(wrong)('of %j, given %j: %s', (names, given, message) => {
    expect(() => membersOf(policyWith(...names), [given])).toThrow(message);
  });
});

test('your own address is never banned', async () => {
  const levels = { levels4: [32, 24], levels6: [128, 64] };
  context.store.liveSets.declare([{ name: 'bans', number: 0, capacity: 100, ...levels, blocks: true }]);
  const list = { name: 'list', text: `${ADMIN}\n198.51.100.0/24\n203.0.113.9\n` };
  const outcome = await changeSet(context, { set: 'bans', change: 'add', list });
  expect(outcome).toMatchObject({ added: 1, refusedCount: 2 });
  expect(outcome.refused[1]).toEqual({
    address: ADMIN,
    reason: 'session',
    why: `you are connected from ${ADMIN} by SSH, and the set is for packets that are blocked`,
  });
});

test('a policy whose live set has your address already is not put in force', () => {
  const decoded = decodePacket(tcp(ADMIN, '192.0.2.1').frame);
  if (decoded.kind !== 'packet') throw new Error('bug: no packet');
  const asked: PresentPacket = {
    subject: 'your SSH connection',
    packet: decoded.packet,
    direction: 'arriving',
    interface: 'eth0',
  };
  const ready = { policy: policyWith('bans'), host: hostOf(['192.0.2.1']) };
  const guard = { ingressOnly: false, mayCut: false };
  const require = (): void => requireTraffic(context, ready as Parameters<typeof requireTraffic>[1], [asked], guard);
  require();
  keep('bans', ADMIN);
  expect(require).toThrow('would cut what this host does now: your SSH connection');
});
