/** What a policy is measured by: its rules, its default, and what it cannot parse, each in both IP families. */
import { present } from '../base/assert.ts';
import type { Family } from '../base/ip.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import type { DirectedFilter } from '../compiler/conditions/expand.ts';
import { appliesTo } from '../compiler/conditions/expand.ts';
import type { PolicySlots } from '../engine/slots.ts';
import { FIXED_SLOTS } from '../engine/slots.ts';
import type { Decision } from '../policy/classify.ts';
import type { Rule, Verdict } from '../policy/model.ts';
import { verdictOf } from '../policy/model.ts';
import type { Draw } from './draw.ts';
import { isOfFamily, strangers, strangersToNamed, withinFilters } from './draw.ts';
import { breakTemplate, establishTemplate, opening } from './templates.ts';

export const FAMILIES: readonly Family[] = [4, 6];

/** Packets to look for a subject's among: tuples, and the packet around them. */
export interface Stream {
  readonly template: Uint8Array;
  readonly draw: Draw;
}

/** What decides the packets of one row. */
export interface Subject {
  readonly by: 'rule' | 'default' | 'parse';
  readonly rule: string | null;
  readonly reason: 'malformed' | null;
  readonly family: Family;
  readonly verdict: Verdict;
  /** Where its packets are counted. */
  readonly slot: number;
  /** The likeliest first. */
  readonly streams: readonly Stream[];
}

export function decides({ by, rule, reason }: Subject, decision: Decision | undefined): boolean {
  return decision?.by === by && decision.rule === rule && decision.reason === reason;
}

/** A rule that no packet can be drawn for: it takes no part, or its names and `me` stand for no address. */
export interface Idle {
  readonly rule: string;
  readonly why: 'other interfaces' | 'no address';
}

export interface Subjects {
  /** By rule, then by family. */
  readonly rules: readonly Subject[];
  readonly idle: readonly Idle[];
  /** The default and parse failures. */
  readonly others: readonly Subject[];
}

/** Of a policy compiled for an interface, or for none. */
export function subjectsOf(compiled: CompiledPolicy, slots: PolicySlots, interfaceName: string | undefined): Subjects {
  const byRule = directedByRule(compiled);
  const rules: Subject[] = [];
  const idle: Idle[] = [];
  for (const [ruleIndex, rule] of compiled.policy.rules.entries()) {
    const directed = byRule.get(ruleIndex) ?? [];
    const why = appliesTo(rule.interfaces, interfaceName) ? 'no address' : 'other interfaces';
    if (directed.length === 0) idle.push({ rule: rule.name, why });
    rules.push(...FAMILIES.flatMap((family) => ruleSubject(rule, present(slots.rules[ruleIndex]), directed, family)));
  }
  const { ranked, policy } = compiled;
  const others = [
    ...FAMILIES.map((family) => defaultSubject(compiled, slots.default, ranked, family)),
    ...FAMILIES.map((family) => parseSubject(policy.strict ? 'drop' : 'pass', family)),
  ];
  return { rules, idle, others };
}

function directedByRule({ ranked }: CompiledPolicy): ReadonlyMap<number, readonly DirectedFilter[]> {
  const byRule = new Map<number, DirectedFilter[]>();
  for (const directed of ranked) {
    const known = byRule.get(directed.ruleIndex);
    if (known === undefined) byRule.set(directed.ruleIndex, [directed]);
    else known.push(directed);
  }
  return byRule;
}

function ruleSubject(rule: Rule, slot: number, all: readonly DirectedFilter[], family: Family): readonly Subject[] {
  const directed = all.filter((one) => isOfFamily(one, family));
  if (directed.length === 0) return [];
  const draw = withinFilters(directed, family);
  const syn = { template: opening(family), draw };
  // An ACK is matched by every half of the rule, the established ones included.
  const streams = directed.some((one) => one.established)
    ? [{ template: establishTemplate(family), draw }, syn]
    : [syn];
  const verdict = verdictOf(rule.action);
  return [{ by: 'rule', rule: rule.name, reason: null, family, verdict, slot, streams }];
}

function defaultSubject(
  { policy }: CompiledPolicy,
  slot: number,
  ranked: readonly DirectedFilter[],
  family: Family,
): Subject {
  const draws = [strangersToNamed(ranked, family), strangers(family)].filter((draw) => draw !== undefined);
  const streams = draws.map((draw) => ({ template: opening(family), draw }));
  const verdict = verdictOf(policy.default);
  return { by: 'default', rule: null, reason: null, family, verdict, slot, streams };
}

function parseSubject(verdict: Verdict, family: Family): Subject {
  const malformedSlots = [...FIXED_SLOTS].filter(
    ([, counted]) => counted.by === 'parse' && counted.reason === 'malformed',
  );
  const [slot] = present(malformedSlots.find(([, { action }]) => verdictOf(action) === verdict));
  const streams = [{ template: breakTemplate(family), draw: strangers(family) }];
  return { by: 'parse', rule: null, reason: 'malformed', family, verdict, slot, streams };
}
