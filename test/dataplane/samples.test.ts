/** Samples that the loaded programs take: what is in them, how many each rule gives, and that none is lost unseen. */
import { RingBuffer } from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { countsOf } from '../../src/engine/counter-maps.ts';
import type { Entry } from '../../src/engine/program.ts';
import { createCounters, loadPolicy } from '../../src/engine/program.ts';
import type { SampleRecord } from '../../src/engine/samples/sample-record.ts';
import { decodeSample } from '../../src/engine/samples/sample-record.ts';
import type { SampleRate } from '../../src/engine/samples/sampling-control.ts';
import { SamplingControl } from '../../src/engine/samples/sampling-control.ts';
import type { SamplingMaps } from '../../src/engine/samples/sampling-maps.ts';
import { createSampling } from '../../src/engine/samples/sampling-maps.ts';
import type { PolicySlots } from '../../src/engine/slots.ts';
import { FIXED_SLOTS, policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { compiled } from '../support/kernel.ts';
import type { TestPacket } from '../support/packets.ts';
import { cutTo, tcp, udp } from '../support/packets.ts';
import { block, hostOf, permit, policyOf } from '../support/policies.ts';

const ENTRIES: readonly Entry[] = ['ingress', 'egress', 'tcx'];
const FAR = 1n << 62n;
/** Ticks a second, as if: an hour between two samples, so that only what a rule may give at once counts. */
const HERTZ = 1000;
const ONE: SampleRate = { perSecond: 1 / 3600, burst: 1 };
const MANY: SampleRate = { perSecond: 1000, burst: 1_000_000 };

const POLICY = policyOf(
  [
    { ...permit({ protocol: 'tcp', dport: '80' }), name: 'web' },
    { ...block({ protocol: 'udp', dport: '53' }), name: 'dns' },
    { ...block({ protocol: 'udp' }), name: 'udp' },
  ],
  { default: 'block' },
);
const [WEB, DNS, UDP] = [0, 1, 2];
const A = '192.0.2.1';
const B = '198.51.100.7';
const web = tcp(A, B, { dport: 80 });
const dns = udp(A, B, { dport: 53 });
const ntp = udp(A, B, { dport: 123, payload: new Uint8Array(900).fill(7) });
const ssh = tcp(A, B, { dport: 22 });

interface Rig extends Disposable {
  readonly control: SamplingControl;
  readonly slots: PolicySlots;
  /** `times` each, in turn. */
  readonly send: (packets: readonly TestPacket[], times?: number) => void;
  readonly read: () => readonly SampleRecord[];
  readonly counted: (slot: number) => number;
  readonly pauseCounting: () => Disposable;
}

function rigOf(entry: Entry, ringBytes = 1 << 18): Rig {
  const owned: Disposable[] = [];
  const own = <T extends Disposable>(one: T): T => {
    owned.push(one);
    return one;
  };
  const tables = compiled(POLICY, hostOf());
  const registry = new SlotRegistry();
  const slots = policySlots(registry, POLICY);
  const counters = own(createCounters(registry.size));
  const sampling: SamplingMaps = own(createSampling(2 * registry.size, ringBytes));
  const filled = own(new PolicyTables(tables, slots));
  const loaded = own(loadPolicy({ compiled: tables, tables: filled, counters, sampling, entries: [entry] }));
  const records: SampleRecord[] = [];
  const ring = own(new RingBuffer(sampling.ring, (bytes) => records.push(present(decodeSample(bytes)))));
  const direction = entry === 'egress' ? 'egress' : 'ingress';
  return {
    control: new SamplingControl(sampling),
    slots,
    send(packets, times = 1) {
      for (const { frame } of packets) loaded.program(entry).testRun(frame, { repeat: times });
    },
    read() {
      ring.consume();
      return records.splice(0);
    },
    pauseCounting: () => filled.pauseCounting(),
    counted: (slot) => Number(countsOf(counters)[direction].at(slot).packets),
    [Symbol.dispose]() {
      for (const one of owned.toReversed()) one[Symbol.dispose]();
    },
  };
}

describe.each(ENTRIES)('%s', (entry) => {
  const direction = entry === 'egress' ? 'egress' : 'ingress';

  test('nothing is sampled until it is asked for, nor afterwards', () => {
    using rig = rigOf(entry);
    rig.send([web, dns, ssh]);
    expect(rig.read()).toEqual([]);
    rig.control.goOn(FAR, MANY, HERTZ);
    rig.send([dns]);
    expect(rig.read()).toHaveLength(1);
    rig.control.goOn(1n, MANY, HERTZ);
    rig.send([dns]);
    rig.control.goOn(0n, MANY, HERTZ);
    rig.send([dns]);
    expect(rig.read()).toEqual([]);
    expect(rig.control.totals()).toEqual({ taken: 1n, lost: 0n });
  });

  test('nothing is sampled while counting is paused', () => {
    using rig = rigOf(entry);
    rig.control.choosePasses(new Set([...rig.slots.rules, rig.slots.default, ...FIXED_SLOTS.keys()]));
    rig.control.goOn(FAR, MANY, HERTZ);
    const packets = [web, dns, ntp, ssh, cutTo(dns, 36)];
    {
      using _paused = rig.pauseCounting();
      rig.send(packets);
    }
    expect(rig.read()).toEqual([]);
    expect(rig.control.totals()).toEqual({ taken: 0n, lost: 0n });
    rig.send(packets);
    expect(rig.read()).toHaveLength(packets.length);
  });

  test('a sample has the first bytes of the packet, its length, and who decided', () => {
    using rig = rigOf(entry);
    rig.control.goOn(FAR, MANY, HERTZ);
    const before = process.hrtime.bigint();
    rig.send([dns, ntp, ssh]);
    const samples = rig.read();
    const after = process.hrtime.bigint();
    expect(samples.map(({ slot }) => slot)).toEqual([rig.slots.rules[DNS], rig.slots.rules[UDP], rig.slots.default]);
    for (const [i, sample] of samples.entries()) {
      const { frame } = present([dns, ntp, ssh][i]);
      expect(sample).toMatchObject({ direction, verdict: 'drop', length: frame.length });
      expect(sample.frame).toEqual(frame.slice(0, 128));
      expect(sample.nanoseconds >= before && sample.nanoseconds <= after).toBe(true);
      expect(sample.ifindex).toBeGreaterThan(0);
    }
    expect(samples.map(({ rank }) => rank)).toEqual([...new Set(samples.map(({ rank }) => rank))]);
  });

  test('what cannot be parsed is sampled by its reason', () => {
    using rig = rigOf(entry);
    rig.control.goOn(FAR, MANY, HERTZ);
    const broken = cutTo(dns, 36);
    rig.send([broken]);
    const [sample] = rig.read();
    expect(FIXED_SLOTS.get(present(sample).slot)).toMatchObject({ by: 'parse', reason: 'malformed', action: 'block' });
    expect(present(sample).frame).toEqual(broken.frame);
  });

  test('packets that pass are sampled for the rules that are chosen', () => {
    using rig = rigOf(entry);
    rig.control.goOn(FAR, MANY, HERTZ);
    rig.send([web]);
    expect(rig.read()).toEqual([]);
    const slot = present(rig.slots.rules[WEB]);
    rig.control.choosePasses(new Set([slot]));
    rig.send([web, dns]);
    expect(rig.read().map(({ slot: of, verdict }) => [of, verdict])).toEqual([
      [slot, 'pass'],
      [rig.slots.rules[DNS], 'drop'],
    ]);
    rig.control.choosePasses(new Set());
    rig.send([web]);
    expect(rig.read()).toEqual([]);
  });

  test('a flood on one rule takes nothing from the others', () => {
    using rig = rigOf(entry);
    rig.control.goOn(FAR, { ...ONE, burst: 10 }, HERTZ);
    rig.send([dns], 100_000);
    rig.send([ntp, ssh], 10);
    rig.send([dns], 100_000);
    const samples = rig.read();
    for (const slot of [...rig.slots.rules.slice(DNS), rig.slots.default]) {
      expect(samples.filter((sample) => sample.slot === slot)).toHaveLength(10);
    }
    expect(rig.control.totals()).toEqual({ taken: 30n, lost: 0n });
    expect(rig.counted(present(rig.slots.rules[DNS]))).toBe(200_000);
  });

  test('a bucket fills again in time', async () => {
    using rig = rigOf(entry);
    rig.control.goOn(FAR, { perSecond: 5, burst: 1 }, 100);
    rig.send([dns], 1000);
    expect(rig.read()).toHaveLength(1);
    const until = Date.now() + 10_000;
    let later: readonly SampleRecord[] = [];
    while (later.length === 0 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      rig.send([dns], 10);
      later = rig.read();
    }
    expect(later).toHaveLength(1);
  });

  test('what the ring has no room for is counted as lost', () => {
    using rig = rigOf(entry, 4096);
    rig.control.goOn(FAR, MANY, HERTZ);
    rig.send([dns], 1000);
    const read = rig.read().length;
    expect(read).toBeGreaterThan(10);
    const { taken, lost } = rig.control.totals();
    expect(Number(taken)).toBe(read);
    expect(read + Number(lost)).toBe(1000);
    rig.send([dns]);
    expect(rig.read()).toHaveLength(1);
  });
});

test('one reader at a time, until it goes or is silent', () => {
  using sampling = createSampling(64, 4096);
  const control = new SamplingControl(sampling);
  const [first, second] = [
    { pid: 100, number: 1 },
    { pid: 200, number: 2 },
  ];
  expect(control.claim(first, 1000n)).toBe(true);
  control.goOn(2000n, ONE, HERTZ);
  expect(control.claim(first, 1500n)).toBe(true);
  expect(control.claim(second, 1500n)).toBe(false);
  expect(control.readerAt(1500n)).toEqual(first);
  control.end(second);
  expect(control.claim(second, 1500n)).toBe(false);
  expect(control.readerAt(2000n)).toBeUndefined();
  expect(control.claim(second, 2000n)).toBe(true);
  control.end(first);
  control.goOn(3000n, ONE, HERTZ);
  expect(control.readerAt(2500n)).toEqual(second);
  control.end(second);
  expect(control.claim(first, 2500n)).toBe(true);
});
