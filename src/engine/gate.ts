/**
 * Gates: what stands at a hook in the place of a policy that is to be confirmed. See bpf/gate.bpf.c.
 *
 * A gate jumps by a program array, which the kernel empties when nobody in userspace holds it; so the array is pinned,
 * `gate-<hook>-<generation>`, and what a gate is about is found by the gate itself: its maps.
 */
import { join } from 'node:path';
import type { BpfMap, BpfObject, BpfProgram, BpfProgramHandle } from 'libbpf-ts-bindings';
import {
  BpfError,
  createMap,
  mapFlags,
  openMapById,
  openPinnedMap,
  openProgramById,
  unlinkPin,
} from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import { listDirectory } from './bpffs.ts';
import type { HookPlace } from './hook.ts';
import { findHook } from './hook.ts';
import { createJsonMap, readJsonMap } from './json-map.ts';
import { loadBuilt } from './object.ts';
import type { Entry } from './program.ts';

const SLOTS = ENUMS.gate;
const RECORD = 'xdpol_pending';
const DEADLINE = 'xdpol_deadline';
const PROGRAMS = 'xdpol_gate';
const PIN = /^gate-(?:ingress|egress)-\d+$/u;
const PROGRAM_NAMES = { ingress: 'xdpol_gate_xdp', egress: 'xdpol_gate_tc', tcx: 'xdpol_gate_tc' } as const;
/** The kernel keeps 15 bytes of a name. */
const NAME_START = 'xdpol_gate_';
/** jiffies64 begins far above. */
const PAST = 1n;

function keyOf(slot: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(slot).buffer);
}

/** When the gates of one change close, in jiffies64; 0 once the change is confirmed. All of them share it. */
export class Deadline implements Disposable {
  readonly map: BpfMap;
  readonly #word: BigUint64Array;

  constructor(map: BpfMap) {
    this.map = map;
    const { buffer, byteOffset } = map.mmap();
    this.#word = new BigUint64Array(buffer, byteOffset, 1);
  }

  static create(jiffies: bigint): Deadline {
    const flags = mapFlags.mmapable;
    const map = createMap({ name: DEADLINE, type: 'array', keySize: 4, valueSize: 8, maxEntries: 1, flags });
    const deadline = new Deadline(map);
    deadline.set(jiffies);
    return deadline;
  }

  get(): bigint {
    return Atomics.load(this.#word, 0);
  }

  /** In one store: a packet sees the one or the other. */
  set(jiffies: bigint): void {
    Atomics.store(this.#word, 0, jiffies);
  }

  /** From now on every gate of the change leads back. */
  pass(): void {
    this.set(PAST);
  }

  [Symbol.dispose](): void {
    this.map[Symbol.dispose]();
  }
}

/** What a gate says of the change that it stands for. */
export interface GateRecord {
  /** How long a confirmation was to have come, in seconds. */
  readonly seconds: number;
  /** Nothing was in force at this hook before. */
  readonly openBefore: boolean;
  /** JSON, of whoever asked for the change. */
  readonly details: unknown;
}

/** A gate that is in force, opened. */
export class HeldGate implements Disposable {
  readonly record: GateRecord;
  readonly deadline: Deadline;
  readonly #programs: BpfMap;

  constructor(record: GateRecord, deadline: Deadline, programs: BpfMap) {
    this.record = record;
    this.deadline = deadline;
    this.#programs = programs;
  }

  /** The array's. */
  get mapId(): number {
    return this.#programs.id;
  }

  /** The policy to be confirmed; undefined where the array was emptied. The caller disposes it. */
  candidate(): BpfProgramHandle | undefined {
    return this.#program(SLOTS.CANDIDATE);
  }

  /** What was in force before it; undefined where nothing was. The caller disposes it. */
  previous(): BpfProgramHandle | undefined {
    return this.#program(SLOTS.PREVIOUS);
  }

  [Symbol.dispose](): void {
    this.deadline[Symbol.dispose]();
    this.#programs[Symbol.dispose]();
  }

  #program(slot: number): BpfProgramHandle | undefined {
    const id = this.#programs.lookup(keyOf(slot));
    return id === undefined ? undefined : openProgramById(new DataView(id.buffer, id.byteOffset).getUint32(0, true));
  }
}

/** The gate that a program is, or undefined where it is none. The caller disposes it. */
export function gateOf(program: BpfProgramHandle): HeldGate | undefined {
  if (!program.name.startsWith(NAME_START)) return undefined;
  const maps = new Map<string, BpfMap>();
  for (const id of program.mapIds) {
    const map = openMapById(id);
    maps.get(map.spec.name)?.[Symbol.dispose]();
    maps.set(map.spec.name, map);
  }
  const [record, deadline, programs] = [RECORD, DEADLINE, PROGRAMS].map((name) => maps.get(name));
  const isGate = record !== undefined && deadline !== undefined && programs !== undefined;
  const kept = isGate ? [deadline, programs] : [];
  const gate = isGate ? new HeldGate(readJsonMap(record) as GateRecord, new Deadline(deadline), programs) : undefined;
  for (const map of maps.values()) if (!kept.includes(map)) map[Symbol.dispose]();
  return gate;
}

/** What a hook goes back to: the program in force, or what is behind its gate and was confirmed. */
interface Before extends Disposable {
  readonly program: BpfProgramHandle | undefined;
}

function beforeOf(place: HookPlace): Before {
  using held = findHook(place);
  if (held === undefined) return { program: undefined, [Symbol.dispose]: () => undefined };
  const current = held.program();
  using gate = gateOf(current);
  if (gate === undefined) return { program: current, [Symbol.dispose]: () => current[Symbol.dispose]() };
  current[Symbol.dispose]();
  const program = gate.deadline.get() === 0n ? gate.candidate() : gate.previous();
  return { program, [Symbol.dispose]: () => program?.[Symbol.dispose]() };
}

export interface GateRequest {
  /** Loaded, and pinned nowhere. */
  readonly isDryRun: boolean;
  readonly place: HookPlace;
  /** What the candidate is. */
  readonly entry: Entry;
  /** Of the policy to be confirmed. */
  readonly candidate: BpfProgram;
  readonly generation: number;
  /** Lent: the gate keeps it. */
  readonly deadline: Deadline;
  readonly seconds: number;
  readonly details: unknown;
}

/** A loaded gate, attached to nothing. Disposed, it lives on where it is attached. */
export class NewGate implements Disposable {
  readonly program: BpfProgram;
  readonly #object: BpfObject;

  constructor(object: BpfObject, entry: Entry) {
    this.#object = object;
    this.program = present(object.programs.get(PROGRAM_NAMES[entry]));
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

/** Its array is pinned, and filled with the candidate and with what the hook has to go back to. */
export function createGate(request: GateRequest): NewGate {
  const { place, entry, candidate, generation, deadline, seconds, details } = request;
  const { direction, directory } = place;
  using before = beforeOf(place);
  const openBefore = before.program === undefined;
  using programs = createMap({
    name: PROGRAMS,
    type: 'prog_array',
    keySize: 4,
    valueSize: 4,
    maxEntries: SLOTS.PROGRAMS,
  });
  programs.update(keyOf(SLOTS.CANDIDATE), candidate);
  if (before.program !== undefined) programs.update(keyOf(SLOTS.PREVIOUS), before.program);
  using record = createJsonMap(RECORD, { seconds, openBefore, details } satisfies GateRecord);
  const object = loadBuilt('gate', {
    rodata: { open_before: keyOf(Number(openBefore)) },
    maps: { programs, '.data.deadline': deadline.map },
    programs: [PROGRAM_NAMES[entry]],
  });
  const gate = new NewGate(object, entry);
  try {
    gate.program.bindMap(record);
    const path = join(directory, `gate-${direction}-${generation}`);
    if (!request.isDryRun) unlinkPin(path);
    if (!request.isDryRun) programs.pin(path);
  } catch (error) {
    gate[Symbol.dispose]();
    throw error;
  }
  return gate;
}

function gateInForce(place: HookPlace): HeldGate | undefined {
  using held = findHook(place);
  if (held === undefined) return undefined;
  using program = held.program();
  return gateOf(program);
}

function mapIdAt(path: string): number | undefined {
  try {
    using map = openPinnedMap(path);
    return map.id;
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

/** Unpins what no gate in force at this hook needs: what was decided, replaced, or never came in force. */
export function removeUnusedGates(place: HookPlace): void {
  const { direction, directory } = place;
  const pins = listDirectory(directory).filter((name) => PIN.test(name) && name.startsWith(`gate-${direction}-`));
  if (pins.length === 0) return;
  using gate = gateInForce(place);
  for (const path of pins.map((name) => join(directory, name))) {
    if (gate === undefined || mapIdAt(path) !== gate.mapId) unlinkPin(path);
  }
}
