/** What is attached where and since when, and where that is not what should be. */

import type { NetworkInterface } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Generation } from '../engine/generation.ts';
import type { HookKind } from '../engine/hook.ts';
import type { Direction } from '../engine/program.ts';
import { DIRECTIONS } from '../engine/program.ts';
import type { Attachment } from '../engine/survey.ts';
import { fateText, newestGeneration, surveyAttachments } from '../engine/survey.ts';
import type { Action } from '../policy/model.ts';
import { pidOf } from '../store/process-name.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import { DYNAMIC_POLICY } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { findOldHooks } from './cut-off-change.ts';
import { findIntendedAssignment } from './intended-assignment.ts';
import { interfacesMeantBy } from './interfaces.ts';
import { feedWarnings } from './live-sets/feeds-in-use.ts';
import type { Overlay } from './overlay.ts';
import { readOverlay } from './overlay.ts';
import type { PendingChange } from './pending-change.ts';
import { readPendingChange } from './pending-change.ts';

export interface HookStatus {
  readonly direction: Direction;
  readonly hook: HookKind;
  readonly program: { readonly id: number; readonly tag: string };
  /** null where the program is not one of ours. */
  readonly policy: string | null;
  readonly hash: string | null;
  readonly generation: number | null;
  readonly since: string | null;
}

export interface InterfaceStatus {
  readonly name: string;
  readonly ifindex: number;
  /** Of XDP; null where it is detached. */
  readonly mode: 'native' | 'generic' | null;
  readonly hooks: readonly HookStatus[];
}

/** Dynamic rules as what is in force has them, and the agent that they end with. */
export interface DynamicStatus {
  readonly rules: readonly { readonly name: string; readonly action: Action; readonly filters: number }[];
  /** Its process; null where it is gone. */
  readonly agent: number | null;
}

export interface OpenHook {
  readonly name: string;
  readonly direction: Direction;
  /** No interface of this network namespace has the name. */
  readonly isMissing: boolean;
}

export interface HostStatus {
  readonly assigned: Assignment | null;
  /** In force. */
  readonly policy: string | null;
  readonly generation: number | null;
  /** What waits to be confirmed; null where nothing does. */
  readonly pending: PendingChange | null;
  readonly dynamic: DynamicStatus;
  readonly interfaces: readonly InterfaceStatus[];
  /** Hooks of interfaces of the policy that is assigned, or is to be, that are open and should not be. */
  readonly gaps: readonly OpenHook[];
  /** Hooks that are open because the policy was applied to arriving packets only. */
  readonly openByChoice: readonly OpenHook[];
  readonly warnings: readonly string[];
}

export function readStatus({ store }: HostContext): HostStatus {
  const { assignment, problem } = readAssignment(store);
  const overlay = readOverlay(store);
  const { attachments, strays, devices } = surveyAttachments();
  const intended = problem === undefined ? findIntendedAssignment(store, attachments) : undefined;
  const isChosen = ({ direction }: OpenHook): boolean => intended?.ingressOnly === true && direction === 'egress';
  const open = openHooks(intended, attachments, devices);
  const generation = newestGeneration(attachments);
  const dynamic = dynamicStatus(generation, overlay);
  const pending = readPendingChange() ?? null;
  const cutOff = findOldHooks(attachments).map((text) => `${text}: xdpol ${pending === null ? 'restore' : 'rollback'}`);
  return {
    assigned: assignment ?? null,
    policy: generation?.policy ?? null,
    generation: generation?.generation ?? null,
    pending,
    dynamic,
    interfaces: attachments.map(interfaceStatus),
    gaps: open.filter((hook) => !isChosen(hook)),
    openByChoice: open.filter(isChosen),
    warnings: [
      ...new Set(strays.map(fateText)),
      ...dynamicWarnings(dynamic, overlay),
      ...cutOff,
      ...(problem ?? (pending === null && cutOff.length === 0 ? assignmentWarnings(generation, assignment) : [])),
      ...feedWarnings(store, attachments),
    ],
  };
}

/** What is in force is shown whatever the store says; `problem` is why that is not known. */
function readAssignment(store: PolicyStore): {
  readonly assignment: Assignment | undefined;
  readonly problem?: readonly string[];
} {
  try {
    return { assignment: store.assignment() };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const { message, help } = error;
    return { assignment: undefined, problem: [help === undefined ? message : `${message}; ${help}`] };
  }
}

/** Hooks of the assigned policy's interfaces that are open. */
function openHooks(
  assignment: Assignment | undefined,
  attachments: readonly Attachment[],
  devices: readonly NetworkInterface[],
): OpenHook[] {
  const isThere = new Set(devices.map(({ name }) => name));
  return interfacesMeantBy(assignment?.interfaces ?? [], devices).flatMap((name) => {
    const hooks = attachments.find((attachment) => attachment.name === name)?.hooks ?? [];
    const open = DIRECTIONS.filter((direction) => !hooks.some((hook) => hook.direction === direction));
    return open.map((direction) => ({ name, direction, isMissing: !isThere.has(name) }));
  });
}

function interfaceStatus({ name, ifindex, mode, hooks }: Attachment): InterfaceStatus {
  return {
    name,
    ifindex,
    mode: mode ?? null,
    hooks: hooks.map(({ direction, kind, programId, programTag, generation }) => ({
      direction,
      hook: kind,
      program: { id: programId, tag: programTag },
      policy: generation?.policy ?? null,
      hash: generation?.hash ?? null,
      generation: generation?.generation ?? null,
      since: generation?.appliedAt ?? null,
    })),
  };
}

function dynamicStatus(
  generation: Generation | undefined,
  { agent, rules: kept, areOrphaned }: Overlay,
): DynamicStatus {
  const names = new Set(generation?.dynamic ?? []);
  const rules = (generation?.rules ?? []).filter(({ name }) => names.has(name));
  return {
    rules: rules.map(({ name, action, filters }) => ({ name, action, filters })),
    agent: agent === undefined || areOrphaned || kept.length === 0 ? null : pidOf(agent),
  };
}

/** Where what is in force and what should be are not the same. */
function dynamicWarnings({ rules, agent }: DynamicStatus, { rules: kept }: Overlay): readonly string[] {
  if (rules.length > 0 && agent === null) {
    const which = rules.map(({ name }) => name).join(', ');
    return [
      `dynamic rules that no agent stands for are still in force: ${which}: the next agent takes over those of one that was killed, and xdpol restore ends them`,
    ];
  }
  const wanted = kept.flatMap((rule) => rule.rules).length;
  return wanted === rules.length ? [] : ['the dynamic rules in force are not those of the store: xdpol restore'];
}

/** After a crash between the two, or where the assignment was damaged. */
function assignmentWarnings(generation: Generation | undefined, assignment: Assignment | undefined): readonly string[] {
  if (generation === undefined || (assignment === undefined && generation.policy === DYNAMIC_POLICY)) return [];
  const { policy, hash, dynamic } = generation;
  const isSame = policy === assignment?.policy && (dynamic !== undefined || hash === assignment.hash);
  if (isSame) return [];
  const text = policy === assignment?.policy ? `another version of ${policy}` : policy;
  return [`${text} is in force, and not assigned: the next boot does not bring it back: xdpol assign '${policy}'`];
}
