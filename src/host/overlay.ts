/** Dynamic rules beside what is assigned: which ones count now, and what becomes of those whose agent is gone. */
import { messageOf } from '../base/message-of.ts';
import type { Attachment } from '../engine/survey.ts';
import { newestGeneration } from '../engine/survey.ts';
import { isAlive, isOfThisBoot, ownNetwork, pidOf, sharesNetwork } from '../store/process-name.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { DYNAMIC_POLICY } from '../store/store.ts';

export interface Overlay {
  /** The agent that lives, wherever it runs. */
  readonly agent: string | undefined;
  /** Those that count, in this network namespace. */
  readonly rules: readonly DynamicRule[];
  /** Their agent was killed: the next one takes them over. */
  readonly areOrphaned: boolean;
  /** Rules of an earlier boot, or of another network namespace: they end when the next policy is put in force. */
  readonly staleRules: readonly DynamicRule[];
}

export const NO_DYNAMIC_RULES: Overlay = { agent: undefined, rules: [], areOrphaned: false, staleRules: [] };

export function readOverlay({ dynamic }: PolicyStore): Overlay {
  const registered = dynamic.agent();
  const agent = registered !== undefined && isAlive(registered) ? registered : undefined;
  const found = dynamic.read();
  if (found === undefined) return { ...NO_DYNAMIC_RULES, agent };
  const { rules, network } = found;
  if (isAlive(found.agent)) return { ...NO_DYNAMIC_RULES, agent, rules: sharesNetwork(found.agent) ? rules : [] };
  const areOrphaned = isOfThisBoot(found.agent) && network === ownNetwork();
  return areOrphaned
    ? { agent, rules, areOrphaned, staleRules: [] }
    : { ...NO_DYNAMIC_RULES, agent, staleRules: rules };
}

/** By the word of an operator. */
export function endOrphans(overlay: Overlay): Overlay {
  const { agent, rules, areOrphaned } = overlay;
  return areOrphaned ? { ...NO_DYNAMIC_RULES, agent, staleRules: rules } : overlay;
}

/** Once a policy is in force: forgets the rules of an agent that is gone. Returns notes about all of them. */
export function settleOverlay({ dynamic }: PolicyStore, overlay: Overlay): readonly string[] {
  const { rules, staleRules } = overlay;
  const notes: string[] = [];
  if (rules.length > 0) notes.push(`dynamic rules stay in force ${howLong(overlay)}: ${namesOf(rules)}`);
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

function howLong({ agent, areOrphaned }: Overlay): string {
  if (areOrphaned) return 'until the next agent stops, or xdpol restore ends them';
  return agent === undefined ? 'until the agent stops' : `until the agent (process ${pidOf(agent)}) stops`;
}

/** Interfaces are filtered for the sake of dynamic rules, and no policy is assigned. */
export function isFilteredForRulesAlone(store: PolicyStore, attachments: readonly Attachment[]): boolean {
  const generation = newestGeneration(attachments);
  return store.assignment() === undefined && generation?.policy === DYNAMIC_POLICY && generation.dynamic !== undefined;
}
