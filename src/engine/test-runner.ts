/** Frames through a loaded program that is attached to nothing. No counter counts them. */
import { present } from '../base/assert.ts';
import type { LoadableTables, PolicyOutline } from '../compiler/loadable.ts';
import { ENUMS, readTrace, STRUCTS } from '../layout/layout.gen.ts';
import type { LiveMembers } from '../policy/live-sets.ts';
import type { Verdict } from '../policy/model.ts';
import { verdictOf } from '../policy/model.ts';
import { OwnLiveTables } from './live/own-live-tables.ts';
import type { Entry, LoadedPolicy } from './program.ts';
import { createCounters, loadPolicy } from './program.ts';
import type { Counted, PolicySlots } from './slots.ts';
import { FIXED_SLOTS, policySlots, SlotRegistry } from './slots.ts';
import { PolicyTables } from './tables.ts';

const { trace: TRACE } = STRUCTS;
const ETHERNET_HEADER = 14;
const ETHERTYPE_AT = 12;
/** An skb must have the whole fixed header of the IP version that its EtherType names. */
const SKB_HEADER: ReadonlyMap<number, number> = new Map([
  [0x0800, 20],
  [0x86dd, 40],
]);

/**
 * Longest frames of a test run, in bytes. XDP gets more buffers as it needs them, far beyond any IP
 * packet; an skb is one page less its head and tail room (net/bpf/test_run.c).
 */
const LONGEST: Readonly<Record<Entry, number>> = { ingress: 65_536 + 256, egress: 3712, tcx: 3712 };

/** Does the kernel take the frame in a test run? The shortest and the longest it refuses without running the program. */
function isRunnable(frame: Uint8Array, entry: Entry): boolean {
  if (frame.length < ETHERNET_HEADER || frame.length > LONGEST[entry]) return false;
  if (entry === 'ingress') return true;
  const type = (present(frame[ETHERTYPE_AT]) << 8) | present(frame[ETHERTYPE_AT + 1]);
  return frame.length >= ETHERNET_HEADER + (SKB_HEADER.get(type) ?? 1);
}

/** A policy that is in the kernel and attached to nothing, and the slots its tables were filled with. */
export interface LoadedTables {
  readonly tables: PolicyTables;
  readonly slots: PolicySlots;
  readonly loaded: LoadedPolicy;
  /** The members of its live sets, where the policy has any and they are not the host's. */
  readonly live?: OwnLiveTables | undefined;
}

/** What a program did with one frame. */
export interface Outcome {
  readonly verdict: Verdict;
  /** Where it was counted: who decided. */
  readonly counted: Counted;
  /** Of the filter that decided, where a rule did. */
  readonly rank: number;
  readonly fragment: boolean;
}

/** Loads one program of a policy for test runs alone. */
function loadFor(compiled: LoadableTables, entry: Entry, members: LiveMembers | undefined): LoadedTables {
  const registry = new SlotRegistry();
  const slots = policySlots(registry, compiled.policy);
  using counters = createCounters(registry.size);
  const tables = new PolicyTables(compiled, slots);
  let live: OwnLiveTables | undefined;
  try {
    live = OwnLiveTables.of(compiled.live, members);
    const loaded = loadPolicy({ compiled, tables, counters, live: live?.program, entries: [entry] });
    return { tables, slots, loaded, live };
  } catch (error) {
    live?.[Symbol.dispose]();
    tables[Symbol.dispose]();
    throw error;
  }
}

/** Owns the program it runs, unless that was lent. */
export class TestRunner implements Disposable {
  readonly #counted: ReadonlyMap<number, Counted>;
  readonly #subject: LoadedTables;
  readonly #isLent: boolean;
  readonly #entry: Entry;

  /** Through a program of its own, whose live sets have these members, or through that of a `lent` policy. */
  constructor(compiled: LoadableTables, entry: Entry, lent?: LoadedTables, members?: LiveMembers) {
    this.#entry = entry;
    this.#isLent = lent !== undefined;
    this.#subject = lent ?? loadFor(compiled, entry, members);
    this.#counted = countedBySlot(compiled.policy, this.#subject.slots);
  }

  get live(): OwnLiveTables | undefined {
    return this.#subject.live;
  }

  /** What the kernel program does with each frame; undefined for one that is too short to be run. */
  run(frames: readonly Uint8Array[]): readonly (Outcome | undefined)[] {
    const runnable = frames.filter((frame) => isRunnable(frame, this.#entry));
    const records = this.#runAll(runnable);
    let at = 0;
    return frames.map((frame) =>
      isRunnable(frame, this.#entry) ? this.#outcome(records, TRACE.size * at++) : undefined,
    );
  }

  [Symbol.dispose](): void {
    if (this.#isLent) return;
    this.#subject.loaded[Symbol.dispose]();
    this.#subject.tables[Symbol.dispose]();
    this.#subject.live?.[Symbol.dispose]();
  }

  #runAll(frames: readonly Uint8Array[]): DataView {
    const lengths = Uint32Array.from(frames, (frame) => frame.length);
    const offsets = new Uint32Array(frames.length);
    let total = 0;
    for (const [i, frame] of frames.entries()) {
      offsets[i] = total;
      total += frame.length;
    }
    const packets = new Uint8Array(total);
    for (const [i, frame] of frames.entries()) packets.set(frame, offsets[i]);
    if (frames.length === 0) return new DataView(new ArrayBuffer(0));
    const { loaded, tables } = this.#subject;
    const record = { map: loaded.traceMap, length: TRACE.size, offset: loaded.traceOffset };
    using _paused = tables.pauseCounting();
    const { records } = loaded.program(this.#entry).testRunMany(packets, offsets, lengths, { record });
    const bytes = present(records);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #outcome(records: DataView, at: number): Outcome {
    const { slot: traced, rank, pass, fragment } = readTrace(records, at);
    const slot = traced - ENUMS.slot.UNCOUNTED;
    const counted = present(this.#counted.get(slot), `counter slot ${slot}`);
    const verdict = pass === 0 ? 'drop' : 'pass';
    if (verdict !== verdictOf(counted.action))
      throw new Error(`bug: slot ${slot} counts ${counted.action}, not ${verdict}`);
    return { verdict, counted, rank, fragment: fragment !== 0 };
  }
}

/** What the slots of one policy count. */
function countedBySlot(policy: PolicyOutline, slots: PolicySlots): ReadonlyMap<number, Counted> {
  const counted = new Map(FIXED_SLOTS);
  for (const [i, { name, action }] of policy.rules.entries()) {
    counted.set(present(slots.rules[i]), { by: 'rule', policy: policy.name, rule: name, action });
  }
  return counted.set(slots.default, { by: 'default', policy: policy.name, action: policy.default });
}
