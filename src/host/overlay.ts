/** Dynamic rules beside what is assigned: which ones count now, and what becomes of those whose agent is gone. */
import { messageOf } from '../base/message-of.ts';
import type { Attachment } from '../engine/survey.ts';
import { newestGeneration } from '../engine/survey.ts';
import { isAlive, pidOf, sharesNetwork } from '../store/process-name.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { DYNAMIC_POLICY } from '../store/store.ts';

export interface Overlay {
  /** The agent that lives, wherever it runs. */
  readonly agent: string | undefined;
  /** Rules of that agent, where it runs in this network namespace. */
  readonly rules: readonly DynamicRule[];
  /** Rules whose agent is gone: they end when the next policy is put in force. */
  readonly staleRules: readonly DynamicRule[];
}

export function readOverlay({ dynamic }: PolicyStore): Overlay {
  const registered = dynamic.agent();
  const agent = registered !== undefined && isAlive(registered) ? registered : undefined;
  const found = dynamic.read();
  if (found === undefined) return { agent, rules: [], staleRules: [] };
  if (!isAlive(found.agent)) return { agent, rules: [], staleRules: found.rules };
  return { agent, rules: sharesNetwork(found.agent) ? found.rules : [], staleRules: [] };
}

/** Once a policy is in force: forgets the rules of an agent that is gone. Returns notes about all of them. */
export function settleOverlay({ dynamic }: PolicyStore, { agent, rules, staleRules }: Overlay): readonly string[] {
  const notes: string[] = [];
  if (rules.length > 0) notes.push(`dynamic rules stay in force ${untilAgentStops(agent)}: ${namesOf(rules)}`);
  if (staleRules.length === 0) return notes;
  try {
    dynamic.remove();
  } catch (error) {
    notes.push(messageOf(error));
  }
  return [...notes, `dynamic rules ended, their agent is gone: ${namesOf(staleRules)}`];
}

export function noteEndedRules(rules: readonly DynamicRule[]): readonly string[] {
  return rules.length === 0 ? [] : [`dynamic rules ended: ${namesOf(rules)}`];
}

export function namesOf(rules: readonly DynamicRule[]): string {
  return rules.map(({ rule }) => rule).join(', ');
}

function untilAgentStops(agent: string | undefined): string {
  return agent === undefined ? 'until the agent stops' : `until the agent (process ${pidOf(agent)}) stops`;
}

/** Interfaces are filtered for the sake of dynamic rules, and no policy is assigned. */
export function isFilteredForRulesAlone(store: PolicyStore, attachments: readonly Attachment[]): boolean {
  const generation = newestGeneration(attachments);
  return store.assignment() === undefined && generation?.policy === DYNAMIC_POLICY && generation.dynamic !== undefined;
}
