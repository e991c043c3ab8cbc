/**
 * Putting a policy in force. Everything that can fail without touching traffic is done first, for
 * every interface; then each hook flips in one step. What fails before leaves all as it was, what
 * fails between is undone.
 */
import { mkdirSync } from 'node:fs';
import type { BpfMap, NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import type { LoadablePolicy, PolicyOutline } from '../compiler/loadable.ts';
import { loadableOf } from '../compiler/loadable.ts';
import { tableEntries } from '../compiler/table-entries.ts';
import type { RequestedMode } from './attach.ts';
import type { SwapResult } from './attachment.ts';
import { newestGeneration, readAttachments, requireMode, requireOpenEgress, swapHook } from './attachment.ts';
import { interfaceDirectory, makePinRoot, sweepDeadNamespaces } from './bpffs.ts';
import { openCountersFor, readSlots, writeSlots } from './counter-maps.ts';
import type { Generation } from './generation.ts';
import { createGenerationMap } from './generation.ts';
import { preflight } from './preflight.ts';
import type { Direction, LoadedPolicy } from './program.ts';
import { DIRECTIONS, loadPolicy } from './program.ts';
import type { PolicySlots } from './slots.ts';
import { policySlots } from './slots.ts';
import { PolicyTables } from './tables.ts';

export interface ApplyTarget {
  readonly device: NetworkInterface;
  /** The policy as it applies to this interface. */
  readonly compiled: CompiledPolicy | LoadablePolicy;
}

export interface ApplyRequest {
  readonly targets: readonly ApplyTarget[];
  /** SHA-256 of the policy's canonical text, hex. */
  readonly hash: string;
  readonly mode: RequestedMode;
  /** What `me` stands for, sorted; left out where the policy does not use it. */
  readonly me?: readonly string[];
  /** Names of the rules that are dynamic. */
  readonly dynamic?: readonly string[];
  readonly now: Date;
  /** Filter what arrives and leave open what leaves. */
  readonly ingressOnly?: boolean;
  /** Stop before the first hook flips. */
  readonly dryRun?: boolean;
}

export interface ApplyOutcome {
  readonly generation: number;
  readonly notes: readonly string[];
}

/** A policy loaded for one interface, ready to be swapped in. */
interface Prepared {
  readonly device: NetworkInterface;
  readonly directory: string;
  readonly loaded: LoadedPolicy;
  /** Those that will be filtered. */
  readonly directions: readonly Direction[];
}

export function applyPolicy(request: ApplyRequest): ApplyOutcome {
  const root = makePinRoot();
  sweepDeadNamespaces(root);
  const generation = (newestGeneration(readAttachments())?.generation ?? 0) + 1;
  const prepared: Prepared[] = [];
  try {
    for (const target of request.targets) prepared.push(prepare(root, target, request, generation));
    return { generation, notes: request.dryRun === true ? [] : swapAll(prepared, request.mode) };
  } finally {
    for (const { loaded } of prepared) loaded[Symbol.dispose]();
  }
}

function prepare(root: string, target: ApplyTarget, request: ApplyRequest, generation: number): Prepared {
  const { device } = target;
  const compiled = 'probes' in target.compiled ? target.compiled : loadableOf(target.compiled);
  const directory = interfaceDirectory(root, device.name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  requireMode(directory, device, request.mode);
  if (request.ingressOnly === true) requireOpenEgress(directory, device);
  const directions: readonly Direction[] = request.ingressOnly === true ? ['ingress'] : DIRECTIONS;
  const registry = readSlots(directory);
  const known = registry.size;
  const slots = policySlots(registry, compiled.policy);
  if (registry.size !== known) writeSlots(directory, registry);
  using counters: BpfMap = openCountersFor(directory, registry.size);
  using tables = new PolicyTables(compiled, slots);
  preflight(compiled, tables, slots, directions);
  const loaded = loadPolicy({ compiled, tables, counters, directions });
  try {
    using record = createGenerationMap(describe(compiled, slots, tables, request, generation));
    for (const direction of directions) loaded.program(direction).bindMap(record);
  } catch (error) {
    loaded[Symbol.dispose]();
    throw error;
  }
  return { device, directory, loaded, directions };
}

function describe(
  compiled: LoadablePolicy,
  slots: PolicySlots,
  tables: PolicyTables,
  { hash, now, me, dynamic = [] }: ApplyRequest,
  generation: number,
): Generation {
  const policy: PolicyOutline = compiled.policy;
  return {
    policy: policy.name,
    hash,
    generation,
    appliedAt: now.toISOString(),
    ...(me === undefined ? {} : { me }),
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
  };
}

/** XDP and tcx flip one after the other; a packet meets one of them, and each flips in one step. */
function swapAll(prepared: readonly Prepared[], mode: RequestedMode): string[] {
  const swaps: SwapResult[] = [];
  try {
    for (const { device, directory, loaded, directions } of prepared) {
      for (const direction of directions) {
        const place = { direction, directory, ifindex: device.index };
        swaps.push(swapHook(place, device, loaded.program(direction), mode));
      }
    }
    return swaps.flatMap(({ note }) => note ?? []);
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
