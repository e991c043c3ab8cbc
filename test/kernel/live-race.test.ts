/**
 * Programs that read live tables while these are written find every member that stays, and none that never was. Where
 * the writer breaks the rules of bpf/live-layout.h they do not: so the test can see it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Family } from '../../src/base/ip.ts';
import { formatAddress } from '../../src/base/ip.ts';
import { Random } from '../../src/base/random.ts';
import { liveLevel } from '../../src/compiler/live-classes.ts';
import { countsOf } from '../../src/engine/counter-maps.ts';
import { idOf, LiveBuckets } from '../../src/engine/live/live-buckets.ts';
import { memberHash } from '../../src/engine/live/live-hash.ts';
import type { LiveMemberName } from '../../src/engine/live/live-table.ts';
import { OwnLiveTables } from '../../src/engine/live/own-live-tables.ts';
import { createCounters, loadPolicy } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { STRUCTS } from '../../src/layout/layout.gen.ts';
import type { AddressSet } from '../../src/policy/model.ts';
import { compiled } from '../support/kernel.ts';
import { ownProcess } from '../support/own-process.ts';
import { tcp } from '../support/packets.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../support/policies.ts';

const SECONDS = Number(process.env['XDPOL_RACE_SECONDS'] ?? 3);
/** Runs of one packet in one call. */
const REPEAT = 20_000;
const HOST: Readonly<Record<Family, string>> = { 4: '192.0.2.1', 6: '2001:db8::1' };
const FULL: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };
const LIVE = { capacity: 1000, levels: { 4: [32, 24], 6: [128, 64] } };

/** The first rule blocks members of `bans`; members of `others` are nothing special at port 80. */
function racePolicy(): ReturnType<typeof policyOf> {
  const sets = [...setsOf({ bans: [], others: [] })].map(([name, set]): [string, AddressSet] => [
    name,
    { ...set, live: LIVE },
  ]);
  const rules = [
    block({ from: '$bans', protocol: 'tcp', dport: '80' }),
    permit({ from: '$others', protocol: 'tcp', dport: '81' }),
  ];
  return policyOf(rules, { addressSets: new Map(sets) });
}

class Rig implements Disposable {
  readonly #owned: Disposable[] = [];
  readonly live: OwnLiveTables;
  readonly bans: number;
  readonly others: number;
  readonly #counters = this.#own(createCounters(64));
  readonly #programId: number;
  readonly #blocked: number;
  readonly #passed: number;

  constructor() {
    const policy = compiled(racePolicy(), hostOf());
    const slots = policySlots(new SlotRegistry(), policy.policy);
    this.live = this.#own(present(OwnLiveTables.of(policy.live)));
    this.bans = present(this.live.numbers.get('bans'));
    this.others = present(this.live.numbers.get('others'));
    const tables = this.#own(new PolicyTables(policy, slots));
    const request = { compiled: policy, tables, counters: this.#counters, live: this.live.program };
    this.#programId = this.#own(loadPolicy({ ...request, entries: ['ingress'] })).program('ingress').id;
    this.#blocked = present(slots.rules[0]);
    this.#passed = slots.default;
  }

  /** Runs packets from these addresses in another process while `write` is called again and again. */
  async race(family: Family, addresses: readonly (readonly number[])[], write: () => void): Promise<Race> {
    const frames = addresses.map((words) => {
      const from = formatAddress({ family, words });
      return Buffer.from(tcp(from, HOST[family], { dport: 80 }).frame).toString('hex');
    });
    const [command, ...args] = ownProcess(
      'run-packets',
      String(this.#programId),
      String(SECONDS),
      String(REPEAT),
      ...frames,
    );
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let [text, isOver] = ['', false];
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = once(child, 'close').then(() => (isOver = true));
    let writes = 0;
    while (!isOver) {
      for (let i = 0; i < 50; i++, writes++) write();
      await new Promise(setImmediate);
    }
    await ended;
    const counts = countsOf(this.#counters).ingress;
    return {
      runs: Number(text),
      blocked: Number(counts.at(this.#blocked).packets),
      passed: Number(counts.at(this.#passed).packets),
      writes,
    };
  }

  [Symbol.dispose](): void {
    for (const one of this.#owned.toReversed()) one[Symbol.dispose]();
  }

  #own<T extends Disposable>(one: T): T {
    this.#owned.push(one);
    return one;
  }
}

interface Race {
  /** Of each address. */
  readonly runs: number;
  readonly blocked: number;
  readonly passed: number;
  readonly writes: number;
}

/** Addresses whose members all begin their search at one bucket. */
class OneBucket {
  readonly bucket: number;
  readonly #family: Family;
  readonly #seed: number;
  readonly #buckets: number;
  readonly #random = new Random(1);

  constructor({ live }: Rig, family: Family) {
    const table = live.tables.maps[family].mmap();
    this.#family = family;
    this.#seed = new DataView(table.buffer, table.byteOffset).getUint32(STRUCTS.live_head.fields.seed.offset, true);
    this.#buckets = live.tables.byFamily[family].geometry.buckets;
    this.bucket = this.#bucketOf(this.#any());
  }

  /** One more; of an IPv6 one the halves may be given. */
  address(high?: readonly number[], low?: readonly number[]): readonly number[] {
    for (;;) {
      const any = this.#any();
      const words = this.#family === 4 ? any : [...(high ?? any.slice(0, 2)), ...(low ?? any.slice(2))];
      if (this.#bucketOf(words) === this.bucket) return words;
    }
  }

  #any(): readonly number[] {
    const low = [this.#random.u32(), this.#random.u32()];
    return this.#family === 4
      ? [(0x0a000000 | this.#random.below(1 << 24)) >>> 0]
      : [0x20010db9, this.#random.u32(), ...low];
  }

  #bucketOf(words: readonly number[]): number {
    const level = present(liveLevel(this.#family, FULL[this.#family]));
    return Math.floor((memberHash(this.#seed, level, words) * this.#buckets) / 2 ** 32);
  }
}

interface Pair {
  readonly banned: LiveMemberName;
  readonly other: LiveMemberName;
  /** Addresses that are members of `bans` at no time. */
  readonly strangers: readonly (readonly number[])[];
}

/** Two members of one bucket, of different sets; of IPv6 also an address that has one half of each. */
function pairOf(rig: Rig, family: Family, bucket: OneBucket): Pair {
  const member = (set: number, words: readonly number[]): LiveMemberName => ({
    set,
    family,
    words,
    length: FULL[family],
  });
  const first = bucket.address();
  if (family === 4) {
    const second = bucket.address();
    return { banned: member(rig.bans, first), other: member(rig.others, second), strangers: [second] };
  }
  const mixed = bucket.address(first.slice(0, 2));
  const second = bucket.address(undefined, mixed.slice(2));
  return { banned: member(rig.bans, first), other: member(rig.others, second), strangers: [second, mixed] };
}

describe.each([4, 6] as const)('IPv%i', (family) => {
  test('a member that stays is found every time, one that never was is not', {
    timeout: 60_000 + 2000 * SECONDS,
  }, async () => {
    using rig = new Rig();
    const table = rig.live.tables.byFamily[family];
    const bucket = new OneBucket(rig, family);
    const { banned, other, strangers } = pairOf(rig, family, bucket);
    const stays = bucket.address();
    const members = Array.from({ length: 200 }, () => ({ ...banned, words: bucket.address() }));
    expect(table.add({ ...banned, words: stays })).toBe('added');
    let at = 0;
    const race = await rig.race(family, [stays, ...strangers], () => {
      const passing = present(members[at++ % members.length]);
      for (const name of [banned, other, passing]) table.add(name);
      for (const name of [other, banned, passing]) table.remove(name);
    });
    expect(race.writes).toBeGreaterThan(100);
    expect(race.runs).toBeGreaterThan(REPEAT);
    expect(race).toEqual({ ...race, blocked: race.runs, passed: race.runs * strangers.length });
  });

  test('a writer that uses a place again at once, and its id first, is noticed', {
    timeout: 60_000 + 2000 * SECONDS,
  }, async () => {
    using rig = new Rig();
    const table = rig.live.tables.byFamily[family];
    const one = new OneBucket(rig, family);
    const { banned, other, strangers } = pairOf(rig, family, one);
    for (const name of [banned, other]) {
      table.add(name); // for the filter
      table.remove(name);
    }
    const memory = rig.live.tables.maps[family].mmap();
    const buckets = new LiveBuckets(family, memory, table.geometry);
    const level = present(liveLevel(family, FULL[family]));
    const race = await rig.race(family, strangers, () => {
      for (const { set, words } of [banned, other]) {
        buckets.setId(one.bucket, 0, idOf({ level, set }));
        buckets.setKey(one.bucket, 0, words);
      }
    });
    expect(race.blocked).toBeGreaterThan(0);
  });
});
