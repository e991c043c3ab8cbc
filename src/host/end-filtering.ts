/** What `unassign` and every operation that ends filtering have in common. The caller holds the store's lock. */

import { BpfError } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import { endHook } from '../engine/attachment.ts';
import { endAudit } from '../engine/audit/interface-audit.ts';
import { markEndedOnPurpose, unmarkEndedOnPurpose } from '../engine/bpffs.ts';
import { DIRECTIONS } from '../engine/program.ts';
import type { Attachment, StrayPins } from '../engine/survey.ts';
import { surveyAttachments } from '../engine/survey.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { readOverlay } from './overlay.ts';

const QDISC_STAYS = "the clsact qdisc stays: it may be another program's, and without filters it passes everything";

export interface EndedFiltering {
  /** No longer filtered. */
  readonly interfaces: readonly string[];
  /** Dynamic rules that ended with it. */
  readonly rules: readonly DynamicRule[];
  readonly notes: readonly string[];
  /** What the store did not take, each with what comes of it; empty where filtering has ended for good. */
  readonly failures: readonly string[];
}

/**
 * Detaches from every interface that can be reached, also from those that are in another network namespace now, whatever
 * state the store is in: this is the way out. Notes say what could not be detached. The assignment goes last: after a
 * crash in between, the policy is still known as assigned and can be applied again.
 */
export function endFiltering(store: PolicyStore): EndedFiltering {
  const failures: string[] = [];
  const tryTo = <T>(action: () => T, consequence: string): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      failures.push(`${error.message}: ${consequence}`);
      return undefined;
    }
  };
  tryTo(markEndedOnPurpose, 'the agent may put the policy in force again');
  const { attachments, strays } = surveyAttachments();
  const ended = [...attachments.map(detach), ...strays.filter(({ fate }) => fate !== 'gone').map(detachStray)];
  const overlay = tryTo(() => readOverlay(store), 'dynamic rules may come back with the next policy');
  const rules = [...(overlay?.rules ?? []), ...(overlay?.staleRules ?? [])];
  if (rules.length > 0) tryTo(() => store.dynamic.remove(), 'dynamic rules come back with the next policy');
  tryTo(() => store.unassign(), 'the policy is still assigned, and the next boot brings it back');
  if (failures.length === 0) unmarkEndedOnPurpose();
  const interfaces = ended.filter(({ isEnded }) => isEnded).map(({ name }) => name);
  const notes = [...new Set(ended.flatMap((one) => one.notes))];
  return { interfaces: [...new Set(interfaces)], rules, notes, failures };
}

/** Returns notes. */
export function endFilteringOn(interfaceName: string): readonly string[] {
  const { attachments, strays } = surveyAttachments();
  const isMeant = ({ name }: { readonly name: string }): boolean => name === interfaceName;
  const ended = [...attachments.filter(isMeant).map(detach), ...strays.filter(isMeant).map(detachStray)];
  return [...new Set(ended.flatMap(({ notes }) => notes))];
}

interface Ended {
  readonly name: string;
  readonly isEnded: boolean;
  readonly notes: readonly string[];
}

/** One interface that refuses takes no other with it. */
function attempt(name: string, end: () => readonly string[]): Ended {
  try {
    return { name, isEnded: true, notes: end() };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const notes = [`${name} is still filtered: ${error.message}; see: bpftool net show dev ${name}`];
    return { name, isEnded: false, notes };
  }
}

function detach({ name, directory, ifindex, hooks }: Attachment): Ended {
  return attempt(name, () => {
    for (const direction of DIRECTIONS) endHook({ direction, directory, ifindex });
    endAudit({ directory });
    return hooks.some(({ kind }) => kind === 'clsact') ? [`${name}: ${QDISC_STAYS}`] : [];
  });
}

/** A link can be ended wherever its device is; a clsact filter there cannot. */
function detachStray({ name, directory, direction, fate }: StrayPins): Ended {
  const ended = attempt(name, () => {
    endHook({ direction, directory, ifindex: undefined });
    return fate === 'moved' ? [`${name} is in another network namespace, and is no longer filtered there`] : [];
  });
  return { ...ended, isEnded: ended.isEnded && fate === 'moved' };
}
