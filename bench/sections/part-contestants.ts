/** What takes turns in `parts`: builds with parts left out, and the program as it is with each of its parts in use. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import type { AuditPrograms } from '../../src/engine/audit/audit-programs.ts';
import { createAuditPrograms, slotKey } from '../../src/engine/audit/audit-programs.ts';
import { countOf } from '../../src/engine/counter-maps.ts';
import { createGate, Deadline } from '../../src/engine/gate.ts';
import { createCounters, loadAudit } from '../../src/engine/program.ts';
import { SamplingControl } from '../../src/engine/samples/sampling-control.ts';
import type { SamplingMaps } from '../../src/engine/samples/sampling-maps.ts';
import { createSampling } from '../../src/engine/samples/sampling-maps.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { ENUMS } from '../../src/layout/layout.gen.ts';
import type { Generator } from '../../src/measure/generator.ts';
import { UnderTest } from '../../src/measure/under-test.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { buildWithout, PARTS } from './partial-build.ts';

/** The build without any part. */
export const NONE = 'none';
/** Of counters: far more than the policies that are measured have. */
const ENTRIES = 4096;
const RING_BYTES = 1 << 26;
const FOREVER = 1n << 62n;
const HERTZ = 1000;
/** Once in eleven days. */
const SELDOM = { perSecond: 1e-6, burst: 1 };
const ALWAYS = { perSecond: HERTZ, burst: 2 ** 40 };

/** One that takes its turn. */
export interface Contestant {
  readonly name: string;
  readonly program: BpfProgram;
  /** What its packets are counted by; undefined where nothing counts. */
  readonly counts: UnderTest | undefined;
  /** Switches parts on and off, before each turn. */
  readonly prepare: () => void;
  /** Samples that found no room. */
  readonly lost: () => bigint;
  /** What its part has counted, apart from the counters, and how much of it the packets below make. */
  readonly evidence?: { readonly read: () => number; readonly of: (expected: readonly Decision[]) => number };
}

export interface Checked {
  readonly generator: Generator;
  /** Of the ring's first packets. */
  readonly expected: readonly Decision[];
  readonly compiled: CompiledPolicy;
}

/** Disposes what it was given, the last first. */
class Owner implements Disposable {
  readonly #owned: Disposable[] = [];

  use<T extends Disposable>(one: T): T {
    this.#owned.push(one);
    return one;
  }

  [Symbol.dispose](): void {
    for (const one of this.#owned.reverse()) one[Symbol.dispose]();
  }
}

/** Owns all of them. */
export class PartContestants implements Disposable {
  readonly contestants: readonly Contestant[];
  readonly sampling: SamplingMaps;
  readonly #owned = new Owner();

  constructor(compiled: CompiledPolicy) {
    try {
      this.sampling = this.#owned.use(createSampling(ENTRIES, RING_BYTES));
      this.contestants = [...buildsOf(compiled, this.#owned), ...settingsOf(compiled, this.sampling, this.#owned)];
    } catch (error) {
      this.#owned[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}

/** From the build with none of the parts to the one that lacks the last. */
function buildsOf(compiled: CompiledPolicy, owner: Owner): readonly Contestant[] {
  return PARTS.map(({ define }, kept) => {
    const before = PARTS[kept - 1];
    const object = owner.use(buildWithout(PARTS.slice(kept).map((part) => part.define)));
    const underTest = owner.use(new UnderTest(compiled, { object: object.path }));
    return {
      name: before === undefined ? NONE : `+ ${before.name}`,
      program: underTest.program,
      counts: define === 'COUNTERS' ? undefined : underTest,
      prepare: () => undefined,
      lost: () => 0n,
    };
  });
}

/** The program as it is. */
function settingsOf(compiled: CompiledPolicy, sampling: SamplingMaps, owner: Owner): readonly Contestant[] {
  const audit = owner.use(createAuditPrograms());
  const underTest = owner.use(new UnderTest(compiled, { sampling, audit }));
  const control = new SamplingControl(sampling);
  const trial = new Trial(compiled, audit, owner);
  const setting = (name: string, until: bigint, rate = SELDOM, isOnTrial = false): Contestant => ({
    name,
    program: underTest.program,
    counts: underTest,
    prepare: () => {
      control.goOn(until, rate, HERTZ);
      trial.set(isOnTrial);
    },
    lost: () => control.totals().lost,
  });
  const taken = (): number => Number(control.totals().taken);
  const dropped = (expected: readonly Decision[]): number =>
    expected.filter(({ verdict }) => verdict === 'drop').length;
  const off = setting(`+ ${present(PARTS.at(-1)).name}: as it is`, 0n);
  return [
    off,
    setting('as it is, samples on, buckets empty', FOREVER),
    {
      ...setting('as it is, every dropped packet sampled', FOREVER, ALWAYS),
      evidence: { read: taken, of: dropped },
    },
    {
      ...setting('as it is, the same policy on trial', 0n, SELDOM, true),
      evidence: { read: () => trial.agreed(), of: ({ length }) => length },
    },
    {
      ...off,
      name: 'as it is, behind the gate of a change to be confirmed',
      program: gateBefore(underTest.program, owner),
    },
  ];
}

/** The policy on trial beside itself. */
class Trial {
  readonly #programs: AuditPrograms;
  readonly #byVerdict: readonly (readonly [slot: number, program: BpfProgram])[];
  readonly agreed: () => number;
  #isOn = false;

  constructor(compiled: CompiledPolicy, programs: AuditPrograms, owner: Owner) {
    const registry = new SlotRegistry();
    const slots = policySlots(registry, compiled.policy);
    const counters = owner.use(createCounters(registry.size));
    const tables = owner.use(new PolicyTables(compiled, slots));
    const loaded = owner.use(loadAudit({ compiled, tables, counters, entries: ['xdp_dropped', 'xdp_passed'] }));
    this.#programs = programs;
    this.#byVerdict = [
      [ENUMS.audit.DROPPED, loaded.program('xdp_dropped')],
      [ENUMS.audit.PASSED, loaded.program('xdp_passed')],
    ];
    this.agreed = () => Number(countOf(counters, ENUMS.slot.AGREED, 'ingress').packets);
  }

  set(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    for (const [slot, program] of this.#byVerdict) {
      if (isOn) this.#programs.xdp.update(slotKey(slot), program);
      else this.#programs.xdp.delete(slotKey(slot));
    }
  }
}

/** Waiting; pinned nowhere. */
function gateBefore(candidate: BpfProgram, owner: Owner): BpfProgram {
  const deadline = owner.use(Deadline.create(FOREVER));
  const place = { direction: 'ingress', directory: '/nonexistent', ifindex: undefined } as const;
  const about = { isDryRun: true, entry: 'ingress', generation: 1, seconds: 1, details: {} } as const;
  return owner.use(createGate({ ...about, place, candidate, deadline })).program;
}
