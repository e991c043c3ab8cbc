/** Policies in the kernel, for tests: compiled, loaded, run, attached to nothing. */
import { assert } from '../../src/base/assert.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import type { CompiledPolicy, CompileOptions } from '../../src/compiler/compile.ts';
import { compile } from '../../src/compiler/compile.ts';
import type { Direction } from '../../src/engine/program.ts';
import { createCounters, DIRECTIONS, loadPolicy } from '../../src/engine/program.ts';
import { Replayer } from '../../src/engine/replay.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import type { Decision } from '../../src/policy/classify.ts';
import type { HostAddresses, Policy } from '../../src/policy/model.ts';
import type { TestPacket } from './packets.ts';

export function compiled(policy: Policy, host: HostAddresses, options: CompileOptions = {}): CompiledPolicy {
  const diags = new Diagnostics();
  const result = compile(policy, host, diags, options);
  if (result === undefined) throw new Error(diags.all.map((d) => `${d.code} ${d.message}`).join('\n'));
  return result;
}

/** What the kernel program decides about each packet. */
export function runInKernel(
  policy: CompiledPolicy,
  packets: readonly TestPacket[],
  direction: Direction = 'ingress',
): readonly (Decision | undefined)[] {
  using replayer = new Replayer(policy, direction);
  return replayer.run(packets.map((packet) => packet.frame));
}

/** A policy's programs of both hooks, loaded together: that takes two thirds of the time of two loads. */
export class LoadedAtBothHooks implements Disposable {
  /** In the order in which they were made. */
  readonly #owned: Disposable[] = [];
  readonly #replayers: Readonly<Record<Direction, Replayer>>;

  constructor(policy: CompiledPolicy) {
    const registry = new SlotRegistry();
    const slots = policySlots(registry, policy.policy);
    const counters = this.#own(createCounters(registry.size));
    const tables = this.#own(new PolicyTables(policy, slots));
    const loaded = this.#own(loadPolicy({ compiled: policy, tables, counters, entries: DIRECTIONS }));
    assert(loaded.specialized, 'the kernel refused the programs as they are made for this policy');
    const replay = (direction: Direction): Replayer =>
      this.#own(new Replayer(policy, direction, { tables, slots, loaded }));
    this.#replayers = { ingress: replay('ingress'), egress: replay('egress') };
  }

  /** What the program of a hook decides about each packet. */
  run(direction: Direction, packets: readonly TestPacket[]): readonly (Decision | undefined)[] {
    return this.#replayers[direction].run(packets.map((packet) => packet.frame));
  }

  [Symbol.dispose](): void {
    for (const owned of this.#owned.splice(0).toReversed()) owned[Symbol.dispose]();
  }

  #own<T extends Disposable>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }
}

/** What the kernel programs of both hooks decide about each packet. */
export function runAtBothHooks(
  policy: CompiledPolicy,
  packets: readonly TestPacket[],
): Readonly<Record<Direction, readonly (Decision | undefined)[]>> {
  using loaded = new LoadedAtBothHooks(policy);
  return { ingress: loaded.run('ingress', packets), egress: loaded.run('egress', packets) };
}
