/**
 * Putting a policy in force. Everything that can fail without touching traffic is done first, for
 * every interface; then each hook flips in one step. What fails before leaves all as it was, what
 * fails between is undone.
 */
import { mkdirSync } from 'node:fs';
import type { BpfMap, BpfProgram, NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import type { LoadablePolicy, PolicyOutline } from '../compiler/loadable.ts';
import { loadableOf } from '../compiler/loadable.ts';
import { tableEntries } from '../compiler/table-entries.ts';
import type { IngressHook, RequestedMode } from './attach.ts';
import { expectMode, requirePlace } from './attachable.ts';
import type { SwapResult } from './attachment.ts';
import { ingressHookFor, requireMode, requireOpenEgress, swapHook } from './attachment.ts';
import { openAuditProgramsFor } from './audit/audit-programs.ts';
import { isThere, makePinRoot, removeEmptyDirectory, removeInterfaceDirectory, sweepDeadNamespaces } from './bpffs.ts';
import { openCountersFor, readSlots, writeSlots } from './counter-maps.ts';
import { cpuMilliseconds } from './cpu-time.ts';
import type { NewGate } from './gate.ts';
import { createGate, Deadline, removeUnusedGates } from './gate.ts';
import type { Generation } from './generation.ts';
import { createGenerationMap } from './generation.ts';
import type { HookPlace } from './hook.ts';
import type { LiveRequest } from './live/live-of-apply.ts';
import { LiveOfApply } from './live/live-of-apply.ts';
import { tidyLiveTables } from './live/live-tables-in-use.ts';
import { preflight } from './preflight.ts';
import type { Direction, Entry, LoadedPolicy } from './program.ts';
import { createCounters, DIRECTIONS, loadPolicy } from './program.ts';
import { openSamplingFor } from './samples/sampling-maps.ts';
import type { PolicySlots } from './slots.ts';
import { policySlots } from './slots.ts';
import type { Survey } from './survey.ts';
import { newestGeneration, surveyAttachments } from './survey.ts';
import { PolicyTables } from './tables.ts';
import { directoryOf, tidyPins } from './tidy-pins.ts';

export interface ApplyTarget {
  readonly device: NetworkInterface;
  /** The policy as it applies to this interface. */
  readonly compiled: CompiledPolicy | LoadablePolicy;
  /** Where arrivals are filtered where they are not yet: at XDP, unless it says otherwise. */
  readonly ingress?: IngressHook | undefined;
}

export interface ApplyRequest {
  readonly targets: readonly ApplyTarget[];
  /** SHA-256 of the policy's canonical text, hex. */
  readonly hash: string;
  readonly mode: RequestedMode;
  /** What `me` stands for, sorted; left out where the policy does not use it. */
  readonly me?: readonly string[];
  /** What each DNS name of the policy stands for, sorted; left out where it has none. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Names of the rules that are dynamic. */
  readonly dynamic?: readonly string[];
  readonly now: Date;
  /** Filter arriving packets and let all outgoing packets pass. */
  readonly ingressOnly?: boolean;
  /** Stop before the first hook flips; pins stay as they are too. */
  readonly dryRun?: boolean;
  /** Names of interfaces that may come back: their counters stay. The targets are among them. */
  readonly expected?: readonly string[];
  /** Go back to what is confirmed unless the policy is, too. */
  readonly confirm?: ConfirmRequest;
  /** JSON, kept in the record of the generation and with the change that waits. */
  readonly details?: unknown;
  /** Where the policy has live sets. */
  readonly live?: LiveRequest | undefined;
}

export interface ConfirmRequest {
  /** Of the return, in jiffies64. The caller may set it anew once the hooks have flipped. */
  readonly deadline: bigint;
  /** How long a confirmation is waited for, as it was asked for. */
  readonly seconds: number;
}

export interface ApplyOutcome {
  readonly generation: number;
  readonly notes: readonly string[];
  /** Interfaces with a hook that was not filtered before. */
  readonly attachedFirst: readonly string[];
}

/** A policy loaded for one interface, ready to be swapped in. */
interface Prepared {
  readonly device: NetworkInterface;
  readonly directory: string;
  readonly ingress: IngressHook;
  readonly loaded: LoadedPolicy;
  /** What is to be attached to each hook that will be filtered: the policy's program, or a gate in front of it. */
  readonly programs: ReadonlyMap<Direction, BpfProgram>;
  readonly gates: readonly NewGate[];
}

export function applyPolicy(request: ApplyRequest): ApplyOutcome {
  const root = makePinRoot();
  sweepDeadNamespaces(root);
  const survey = request.dryRun === true ? surveyAttachments() : tidyFor(request);
  const generation = (newestGeneration(survey.attachments)?.generation ?? 0) + 1;
  const deadline = request.confirm === undefined ? undefined : Deadline.create(request.confirm.deadline);
  const prepared: Prepared[] = [];
  const made: string[] = [];
  using live = LiveOfApply.of(
    request.targets.map(({ compiled }) => compiled),
    request.live,
    request.dryRun === true ? undefined : root,
  );
  try {
    for (const target of request.targets) {
      const directory = directoryOf(root, target.device, survey);
      if (!isThere(directory)) made.push(directory);
      const ingress = ingressHookFor(directory, target.device, target.ingress);
      for (const direction of directionsOf(request)) {
        requirePlace({ direction, directory, ifindex: target.device.index }, target.device, survey.devices, ingress);
      }
      prepared.push(prepare(directory, { ...target, ingress }, { ...request, generation, deadline, tables: live }));
    }
    if (request.dryRun === true) return { generation, notes: expectModes(prepared, request.mode), attachedFirst: [] };
    return { generation, ...swapAll(prepared, request.mode) };
  } catch (error) {
    made.forEach(removeInterfaceDirectory);
    throw error;
  } finally {
    prepared.forEach(release);
    deadline?.[Symbol.dispose]();
    tidyLiveTables();
    removeEmptyDirectory(root);
  }
}

/** Of a dry run, which attaches nothing. */
function expectModes(prepared: readonly Prepared[], mode: RequestedMode): readonly string[] {
  const atXdp = prepared.filter(({ ingress }) => ingress === 'xdp');
  return atXdp.flatMap(({ device, directory }) => {
    const place = { direction: 'ingress', directory, ifindex: device.index } as const;
    return expectMode(place, device, mode) ?? [];
  });
}

function tidyFor({ targets, expected = [] }: ApplyRequest): Survey {
  const names = new Set([...expected, ...targets.map(({ device }) => device.name)]);
  return tidyPins((name) => names.has(name)).survey;
}

/** Also of the pins of gates that did not come in force, or whose change was decided by this one. */
function release({ device, directory, loaded, gates }: Omit<Prepared, 'programs' | 'ingress'>): void {
  for (const direction of DIRECTIONS) removeUnusedGates({ direction, directory, ifindex: device.index });
  for (const disposable of [...gates, loaded]) disposable[Symbol.dispose]();
}

interface NumberedRequest extends ApplyRequest {
  readonly generation: number;
  readonly deadline: Deadline | undefined;
  readonly tables: LiveOfApply | undefined;
}

interface PlacedTarget extends ApplyTarget {
  readonly ingress: IngressHook;
}

function prepare(directory: string, target: PlacedTarget, request: NumberedRequest): Prepared {
  const { device, ingress } = target;
  const compiled = 'probes' in target.compiled ? target.compiled : loadableOf(target.compiled, cpuMilliseconds);
  requireMode(directory, device, request.mode);
  if (request.ingressOnly === true) requireOpenEgress(directory, device);
  const directions = directionsOf(request);
  const { slots, counters: map } = slotsFor(directory, compiled.policy, request);
  using counters = map;
  using sampling = request.dryRun === true ? undefined : openSamplingFor(directory, counters.spec.maxEntries);
  using audit = request.dryRun === true ? undefined : openAuditProgramsFor(directory);
  using tables = new PolicyTables(compiled, slots);
  const entryOf = (direction: Direction): Entry => (direction === 'ingress' && ingress === 'tcx' ? 'tcx' : direction);
  const entries = directions.map(entryOf);
  const live = request.tables?.program(compiled);
  const loaded = loadPolicy({ compiled, tables, counters, sampling, live, audit, entries });
  const gates: NewGate[] = [];
  try {
    preflight(compiled, { tables, slots, loaded }, entries);
    using record = createGenerationMap(describe(compiled, slots, tables, request));
    const programs = new Map<Direction, BpfProgram>();
    for (const direction of directions) {
      const entry = entryOf(direction);
      const program = loaded.program(entry);
      program.bindMap(record);
      const gate = gateFor({ direction, directory, ifindex: device.index }, entry, program, request);
      if (gate !== undefined) gates.push(gate);
      // Who looks for the matches of a generation finds them at its hook.
      gate?.program.bindMap(present(tables.maps.get('rank_slots')));
      gate?.program.bindMap(record);
      programs.set(direction, gate?.program ?? program);
    }
    return { device, directory, ingress, loaded, programs, gates };
  } catch (error) {
    release({ device, directory, loaded, gates });
    throw error;
  }
}

function directionsOf({ ingressOnly }: ApplyRequest): readonly Direction[] {
  return ingressOnly === true ? ['ingress'] : DIRECTIONS;
}

/** A dry run counts in a map of its own and pins nothing. The caller disposes the map. */
function slotsFor(
  directory: string,
  policy: PolicyOutline,
  { dryRun }: ApplyRequest,
): { readonly slots: PolicySlots; readonly counters: BpfMap } {
  const registry = readSlots(directory);
  const slots = policySlots(registry, policy);
  if (dryRun === true) return { slots, counters: createCounters(registry.size) };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (registry.isUnsaved) writeSlots(directory, registry);
  return { slots, counters: openCountersFor(directory, registry) };
}

function gateFor(place: HookPlace, entry: Entry, candidate: BpfProgram, request: NumberedRequest): NewGate | undefined {
  const { confirm, generation, deadline, details } = request;
  if (confirm === undefined || deadline === undefined) return undefined;
  const { seconds } = confirm;
  return createGate({
    place,
    entry,
    candidate,
    generation,
    deadline,
    seconds,
    details,
    isDryRun: request.dryRun === true,
  });
}

function describe(
  compiled: LoadablePolicy,
  slots: PolicySlots,
  tables: PolicyTables,
  { hash, now, me, names, dynamic = [], generation, details }: NumberedRequest,
): Generation {
  const policy: PolicyOutline = compiled.policy;
  return {
    policy: policy.name,
    hash,
    generation,
    appliedAt: now.toISOString(),
    ...(me === undefined ? {} : { me }),
    ...(names === undefined ? {} : { names }),
    ...(dynamic.length === 0 ? {} : { dynamic }),
    default: policy.default,
    defaultSlot: slots.default,
    rules: policy.rules.map(({ name, action, filterList }, i) => ({
      name,
      action,
      filterList: filterList.name,
      filters: filterList.filters.length,
      slot: present(slots.rules[i]),
    })),
    tables: [...tables.bytes].map(([name, bytes]) => ({ name, entries: tableEntries(name, compiled), bytes })),
    ...(details === undefined ? {} : { details }),
  };
}

/** XDP and tcx flip one after the other; a packet meets one of them, and each flips in one step. */
function swapAll(prepared: readonly Prepared[], mode: RequestedMode): Pick<ApplyOutcome, 'notes' | 'attachedFirst'> {
  const swaps: SwapResult[] = [];
  const attachedFirst = new Set<string>();
  try {
    for (const { device, directory, ingress, programs } of prepared) {
      for (const [direction, program] of programs) {
        const swap = swapHook({ direction, directory, ifindex: device.index }, device, program, { mode, ingress });
        swaps.push(swap);
        if (swap.isFirst) attachedFirst.add(device.name);
      }
    }
    return { notes: swaps.flatMap(({ note }) => note ?? []), attachedFirst: [...attachedFirst] };
  } catch (error) {
    for (const { undo } of swaps.toReversed()) undoStep(undo);
    throw error;
  } finally {
    for (const swap of swaps) swap[Symbol.dispose]();
  }
}

/** The first failure is the one to report; an interface that went away has nothing to undo. */
function undoStep(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}
