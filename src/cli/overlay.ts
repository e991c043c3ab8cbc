/** Dynamic rules beside what is assigned: which ones count now, and what becomes of those whose agent is gone. */
import type { Attachment } from '../engine/attachment.ts';
import { newestGeneration } from '../engine/attachment.ts';
import { isAlive, pidOf, sharesNetwork } from '../store/process-name.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { DYNAMIC_POLICY } from '../store/store.ts';

export interface Overlay {
  /** The agent that lives, wherever it runs. */
  readonly agent: string | undefined;
  /** Rules of that agent, where it runs in this network namespace. */
  readonly rules: readonly DynamicRule[];
  /** Rules whose agent is gone: they end when the next policy is put in force. */
  readonly stale: readonly DynamicRule[];
}

export function readOverlay({ dynamic }: PolicyStore): Overlay {
  const registered = dynamic.agent();
  const agent = registered !== undefined && isAlive(registered) ? registered : undefined;
  const found = dynamic.read();
  if (found === undefined) return { agent, rules: [], stale: [] };
  if (!isAlive(found.agent)) return { agent, rules: [], stale: found.rules };
  return { agent, rules: sharesNetwork(found.agent) ? found.rules : [], stale: [] };
}

/** Once a policy is in force: what to say of the dynamic rules. Those of an agent that is gone are forgotten. */
export function settleOverlay({ dynamic }: PolicyStore, { agent, rules, stale }: Overlay): readonly string[] {
  const notes: string[] = [];
  if (rules.length > 0) notes.push(`dynamic rules stay in force ${untilAgentStops(agent)}: ${namesOf(rules)}`);
  if (stale.length === 0) return notes;
  try {
    dynamic.remove();
  } catch (error) {
    notes.push(error instanceof Error ? error.message : String(error));
  }
  return [...notes, `dynamic rules ended, their agent is gone: ${namesOf(stale)}`];
}

export function endedNotes(rules: readonly DynamicRule[]): readonly string[] {
  return rules.length === 0 ? [] : [`dynamic rules ended: ${namesOf(rules)}`];
}

export function namesOf(rules: readonly DynamicRule[]): string {
  return rules.map(({ rule }) => rule).join(', ');
}

export function untilAgentStops(agent: string | undefined): string {
  return agent === undefined ? 'until the agent stops' : `until the agent (process ${pidOf(agent)}) stops`;
}

/** Interfaces that are filtered for the sake of dynamic rules only. */
export function filteredForRulesAlone(store: PolicyStore, attachments: readonly Attachment[]): boolean {
  const generation = newestGeneration(attachments);
  return store.assignment() === undefined && generation?.policy === DYNAMIC_POLICY && generation.dynamic !== undefined;
}
