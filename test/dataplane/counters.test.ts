/** What the loaded program adds to its counters: every packet once, its bytes, and later fragments besides; nothing while counting is paused. */
import { afterAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { SlotCounts } from '../../src/engine/counter-maps.ts';
import { countsOf } from '../../src/engine/counter-maps.ts';
import type { Direction } from '../../src/engine/program.ts';
import { createCounters, DIRECTIONS, loadPolicy } from '../../src/engine/program.ts';
import type { Counted } from '../../src/engine/slots.ts';
import { FRAGMENT_SLOT, policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import type { Policy } from '../../src/policy/model.ts';
import { compiled } from '../support/kernel.ts';
import type { TestPacket } from '../support/packets.ts';
import {
  altered,
  ethernet,
  extension,
  icmpv6,
  laterFragment,
  padded,
  raw,
  routing,
  TAG,
  tagged,
  tcp,
  udp,
} from '../support/packets.ts';
import { A4, A6, B4, B6 } from '../support/parse-policy.ts';
import { block, hostOf, permit, policyOf } from '../support/policies.ts';

const RULES = [
  { ...permit({ protocol: 'tcp', dport: '80' }), name: 'web' },
  { ...block({ protocol: 'tcp' }), name: 'tcp' },
  { ...permit({ from: A6, to: B6 }, { protocol: 'udp', dport: '53' }), name: 'two filters' },
  { ...block({ protocol: 132 }), name: 'unused' },
];
const POLICY = policyOf(RULES, { exemptions: ['neighbor-discovery', 'ike'] });
const LENIENT = { ...POLICY, strict: false };

type Counts = Readonly<Record<string, readonly [packets: number, bytes: number]>>;

/** Two programs over one map, as on an interface. */
interface Rig extends Disposable {
  readonly registry: SlotRegistry;
  readonly run: (packets: Readonly<Record<Direction, readonly TestPacket[]>>) => void;
  readonly pauseCounting: () => Disposable;
  readonly counts: () => SlotCounts;
}

function rigOf(policy: Policy): Rig {
  const tables = compiled(policy, hostOf());
  const registry = new SlotRegistry();
  const slots = policySlots(registry, policy);
  const counters = createCounters(registry.size);
  const filled = new PolicyTables(tables, slots);
  const loaded = loadPolicy({ compiled: tables, tables: filled, counters });
  return {
    registry,
    run(packets) {
      for (const direction of DIRECTIONS) {
        for (const { frame } of packets[direction]) loaded.program(direction).testRun(frame);
      }
    },
    pauseCounting: () => filled.pauseCounting(),
    counts: () => countsOf(counters),
    [Symbol.dispose]() {
      for (const one of [loaded, filled, counters]) one[Symbol.dispose]();
    },
  };
}

/** By policy: programs are loaded once for all cases of one. */
const rigs = new Map<Policy, Rig>();

afterAll(() => {
  for (const rig of rigs.values()) rig[Symbol.dispose]();
});

/** Packets of each hook, then what was counted, by name. Before that they run while counting is paused. */
function counted(
  policy: Policy,
  packets: Readonly<Record<Direction, readonly TestPacket[]>>,
): Record<Direction, Counts> {
  const rig = rigs.get(policy) ?? rigOf(policy);
  rigs.set(policy, rig);
  const before = rig.counts();
  {
    using _paused = rig.pauseCounting();
    rig.run(packets);
  }
  expect(rig.counts(), 'counted while counting is paused').toEqual(before);
  rig.run(packets);
  const counts = rig.counts();
  const named = (direction: Direction): Counts =>
    Object.fromEntries(
      [...counts[direction].packets.keys()].flatMap((slot) => {
        const count = counts[direction].at(slot);
        expect(count.jiffies > 0n, `slot ${slot} has a time when it has packets`).toBe(count.packets > 0n);
        const { packets: packetsBefore, bytes: bytesBefore } = before[direction].at(slot);
        if (count.packets === packetsBefore) return [];
        const added = [Number(count.packets - packetsBefore), Number(count.bytes - bytesBefore)] as const;
        return [[slotName(rig.registry, slot), added]];
      }),
    );
  return { ingress: named('ingress'), egress: named('egress') };
}

function slotName(registry: SlotRegistry, slot: number): string {
  if (slot === FRAGMENT_SLOT) return 'fragment';
  const found: Counted = present(registry.counted(slot), `slot ${slot}`);
  const name = found.by === 'rule' ? found.rule : found.by === 'default' ? 'default' : found.reason;
  return `${name} ${found.action}`;
}

const NONE: Readonly<Record<Direction, readonly TestPacket[]>> = { ingress: [], egress: [] };
const TCP = tcp(A4, B4);
const LOOSE_ROUTE = Uint8Array.of(131, 7, 4, 10, 0, 0, 1, 0);
const repeated = (packet: TestPacket, count: number): readonly TestPacket[] =>
  new Array<TestPacket>(count).fill(packet);

// Frame bytes: 14 Ethernet, 20 or 40 IP, 20 TCP, 8 UDP or ICMP.
type Case = readonly [name: string, policy: Policy, packets: readonly TestPacket[], counts: Counts];
const CASES: readonly Case[] = [
  ['nothing, where nothing ran', POLICY, [], {}],
  ['a rule', POLICY, repeated(TCP, 3), { 'web permit': [3, 162] }],
  [
    'a rule that blocks',
    POLICY,
    [tcp(A4, B4, { dport: 81 }), tcp(A6, B6, { dport: 81, sport: 9 })],
    { 'tcp block': [1, 54], 'two filters permit': [1, 74] },
  ],
  ['two filters of one rule', POLICY, [udp(A4, B4), raw(47, A6, B6)], { 'two filters permit': [2, 96] }],
  ['the default', POLICY, [raw(47, A4, B4), raw(50, B6, A6)], { 'default permit': [2, 88] }],
  ['the default that blocks', { ...POLICY, default: 'block' }, [raw(47, A4, B4)], { 'default block': [1, 34] }],
  [
    'padding and tags are bytes of the frame',
    POLICY,
    [padded(TCP, 6), tagged(TCP, TAG.vlan, TAG.vlan)],
    { 'web permit': [2, 60 + 62] },
  ],
  [
    'all buffers of a long frame',
    POLICY,
    [tcp(A4, B4, { payload: new Uint8Array(3000) })],
    { 'web permit': [1, 3054] },
  ],
  [
    'exemptions',
    POLICY,
    [
      icmpv6(A6, B6, { type: 135, hopLimit: 255 }),
      udp(A4, B4, { sport: 500, dport: 500 }),
      udp(A4, B4, { sport: 4500, dport: 4500 }),
    ],
    { 'neighbor-discovery permit': [1, 62], 'ike permit': [2, 84] },
  ],
  [
    'what is not IP',
    POLICY,
    [ethernet(0x0806, new Uint8Array(46)), ethernet(0x88cc, new Uint8Array(1))],
    { 'non_ip permit': [2, 75] },
  ],
  [
    'malformed',
    POLICY,
    [altered(TCP, { totalLength: 39 }), altered(TCP, { version: 5 })],
    { 'malformed block': [2, 108] },
  ],
  ['too many tags', POLICY, [tagged(TCP, TAG.vlan, TAG.vlan, TAG.vlan)], { 'vlan_depth block': [1, 66] }],
  [
    'too many extension headers',
    POLICY,
    [altered(tcp(A6, B6), { extensions: new Array(9).fill(extension('routing')) })],
    { 'ext_headers block': [1, 146] },
  ],
  ['malformed, where strict is off', LENIENT, [altered(TCP, { totalLength: 39 })], { 'malformed permit': [1, 54] }],
  [
    'too many tags, where strict is off',
    LENIENT,
    [tagged(TCP, TAG.vlan, TAG.vlan, TAG.vlan)],
    { 'vlan_depth permit': [1, 66] },
  ],
  [
    'too many extension headers, where strict is off',
    LENIENT,
    [altered(tcp(A6, B6), { extensions: new Array(9).fill(extension('routing')) })],
    { 'ext_headers permit': [1, 146] },
  ],
  [
    'source-routed, and a later fragment of such a packet',
    POLICY,
    [altered(tcp(A6, B6), { extensions: [routing(1)] }), laterFragment(altered(TCP, { options: LOOSE_ROUTE }))],
    { 'source_routed block': [2, 98 + 62], fragment: [1, 62] },
  ],
  [
    'source-routed, where strict is off',
    { ...LENIENT, drop: [] },
    [altered(TCP, { options: LOOSE_ROUTE })],
    { 'web permit': [1, 62] },
  ],
  // A later fragment is decided by a rule and counted as a fragment besides.
  [
    'later fragments',
    POLICY,
    [laterFragment(TCP), laterFragment(tcp(A6, B6)), laterFragment(raw(47, A4, B4))],
    { fragment: [3, 54 + 82 + 34], 'tcp block': [1, 54], 'two filters permit': [1, 82], 'default permit': [1, 34] },
  ],
  [
    'a malformed later fragment is only malformed',
    POLICY,
    [altered(laterFragment(TCP), { totalLength: 41 })],
    { 'malformed block': [1, 54] },
  ],
];

for (const direction of DIRECTIONS) {
  describe(`counters, ${direction}`, () => {
    for (const [name, policy, packets, counts] of CASES) {
      test(name, () => {
        const found = counted(policy, { ...NONE, [direction]: packets });
        expect(found).toEqual({ ingress: {}, egress: {}, [direction]: counts });
      });
    }
  });
}

test('the two hooks of an interface share a map and keep apart', () => {
  const found = counted(POLICY, {
    ingress: repeated(TCP, 2),
    egress: [...repeated(TCP, 5), ethernet(0x0806, new Uint8Array(28))],
  });
  expect(found).toEqual({
    ingress: { 'web permit': [2, 108] },
    egress: { 'web permit': [5, 270], 'non_ip permit': [1, 42] },
  });
});

test('the sum of all counters but fragments is what ran', () => {
  const packets = CASES.flatMap(([, , all]) => all);
  const found = counted(POLICY, { ingress: packets, egress: packets });
  for (const direction of DIRECTIONS) {
    const { fragment, ...deciding } = found[direction];
    const sum = (of: 0 | 1): number => Object.values(deciding).reduce((total, count) => total + count[of], 0);
    expect(sum(0)).toBe(packets.length);
    expect(sum(1)).toBe(packets.reduce((bytes, { frame }) => bytes + frame.length, 0));
    expect(fragment).toEqual([4, 232]);
  }
});

test('a slot of another policy in the same map is left alone', () => {
  const registry = new SlotRegistry();
  policySlots(registry, { ...POLICY, name: 'before' });
  const slots = policySlots(registry, POLICY);
  const tables = compiled(POLICY, hostOf());
  using counters = createCounters(registry.size);
  using filled = new PolicyTables(tables, slots);
  using loaded = loadPolicy({ compiled: tables, tables: filled, counters });
  for (const { frame } of CASES.flatMap(([, , all]) => all)) loaded.program('ingress').testRun(frame);
  const counted = countsOf(counters).ingress.packets;
  const counts = [...counted.keys()].flatMap((slot) => {
    const owner = registry.counted(slot);
    return counted[slot] !== 0n && owner !== undefined && 'policy' in owner ? [owner.policy] : [];
  });
  expect(new Set(counts)).toEqual(new Set(['test']));
});
