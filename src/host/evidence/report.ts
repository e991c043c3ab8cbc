/** What the traffic says of the policy in force: see docs/report.md. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { groupBy } from '../../base/group-by.ts';
import { APPLY_EFFORT, warningsOf } from '../../compiler/analysis/warnings.ts';
import { newestGeneration, readAttachments } from '../../engine/survey.ts';
import { printFilter } from '../../formats/yaml/print.ts';
import type { Action, Policy } from '../../policy/model.ts';
import type { CountedEvidence, Evidence, EvidenceGap, EvidenceHour } from '../../store/store.ts';
import { factsOfHost } from '../analysis-facts.ts';
import type { HostContext } from '../context.ts';
import { interfaceAddresses, listInterfaces, presentInterfaces } from '../interfaces.ts';
import { findPolicyInForce } from '../policy-in-force.ts';
import { readyToRead } from '../read-ready.ts';
import type { ReadyPolicy } from '../ready-policy.ts';
import type { Candidate, FewSources } from './candidates.ts';
import { candidatesOf, fewSourcesOf } from './candidates.ts';

export interface ReportRequest {
  /** Seconds: what matched longer ago counts as unused; else what never matched in the window. */
  readonly unusedFor?: number | undefined;
}

export interface ReportedRule {
  /** null: the default. */
  readonly rule: string | null;
  readonly action: Action;
  /** In the window, over all interfaces and both directions. */
  readonly packets: number;
  readonly bytes: number;
  readonly lastMatch: string | null;
}

export interface UnusedFilter {
  readonly rule: string;
  readonly filter: string;
  /** Observed since then. */
  readonly since: string;
  readonly lastMatch: string | null;
}

export interface ShadowedFilter {
  readonly code: string;
  readonly rules: readonly string[];
  readonly message: string;
}

/** Times are ISO 8601, UTC. */
export interface ReportOutcome {
  readonly policy: string;
  readonly since: string;
  /** Of the last look. */
  readonly until: string;
  readonly gaps: readonly EvidenceGap[];
  readonly gapsLeftOut: number;
  /** What one must know to read the rest rightly, a sentence each. */
  readonly notes: readonly string[];
  readonly hours: readonly EvidenceHour[];
  /** In policy order, the default last. */
  readonly rules: readonly ReportedRule[];
  readonly unusedRules: readonly ReportedRule[];
  /** Of rules that matched; null where single filters were not observed. */
  readonly unusedFilters: readonly UnusedFilter[] | null;
  /** By packets. */
  readonly topRules: readonly ReportedRule[];
  /** Seconds in which packets were sampled. */
  readonly sampledSeconds: number;
  readonly fewSources: readonly FewSources[];
  readonly shadowed: readonly ShadowedFilter[];
  readonly candidates: readonly Candidate[];
}

const TOP = 10;
/** Filters that another one, an exemption or a broader rule keeps from deciding. */
const SHADOWED: ReadonlySet<string> = new Set(['XP0402', 'XP0404', 'XP0408']);

/** Throws EnvironmentError where nothing is in force, or nothing was observed. */
export async function reportEvidence(context: HostContext, request: ReportRequest): Promise<ReportOutcome> {
  const evidence = context.store.evidence.read();
  if (evidence === undefined) {
    throw new EnvironmentError('XDPOL_E_NO_EVIDENCE', 'no traffic has been observed on this host', {
      help: 'start the agent, which observes it: systemctl start xdpol-agent, or xdpol agent',
    });
  }
  const { stored, interfaces, rules: dynamic } = findPolicyInForce(context.store);
  const devices = await presentInterfaces(interfaces);
  const ready = await readyToRead(context, stored, () => interfaceAddresses(devices), dynamic);
  return reportOf(ready.policy, evidence, request, await shadowedIn(ready, interfaces));
}

async function shadowedIn({ policy, host }: ReadyPolicy, interfaces: readonly string[]): Promise<ShadowedFilter[]> {
  const facts = factsOfHost(host, await listInterfaces(), interfaces);
  const { findings } = warningsOf(policy, facts, { effort: APPLY_EFFORT, writeFilter: printFilter });
  return findings
    .filter(({ code }) => SHADOWED.has(code))
    .map(({ code, rules, message }) => ({ code, rules, message }));
}

function reportOf(
  policy: Policy,
  evidence: Evidence,
  { unusedFor }: ReportRequest,
  shadowed: readonly ShadowedFilter[],
): ReportOutcome {
  const { since, until, gaps, gapsLeftOut, hours, sampledSeconds } = evidence;
  const limit = unusedFor === undefined ? undefined : Date.parse(until) - 1000 * unusedFor;
  const isUnused = (last: string | null): boolean => last === null || (limit !== undefined && Date.parse(last) < limit);
  const rules = rulesOf(policy, evidence.counted);
  const unusedRules = rules.filter(({ rule, lastMatch }) => rule !== null && isUnused(lastMatch));
  const unusedNames = new Set(unusedRules.flatMap(({ rule }) => rule ?? []));
  const unusedFilters = evidence.filters
    .filter((one) => one.policy === policy.name && isUnused(one.lastMatch) && !unusedNames.has(one.rule))
    .map(({ rule, filter, since: from, lastMatch }) => ({ rule, filter, since: from, lastMatch }));
  const isKnown = evidence.filtersUnknown === null;
  const fewSources = fewSourcesOf(policy, evidence.sources);
  const unusedByRule = groupBy(isKnown ? unusedFilters : [], ({ rule }) => rule);
  const byRule = new Map([...unusedByRule].map(([rule, some]) => [rule, new Set(some.map(({ filter }) => filter))]));
  return {
    policy: policy.name,
    since,
    until,
    gaps,
    gapsLeftOut,
    notes: notesOf(policy, evidence, limit),
    hours,
    rules,
    unusedRules,
    unusedFilters: isKnown ? unusedFilters : null,
    topRules: rules
      .filter(({ packets }) => packets > 0)
      .sort((a, b) => b.packets - a.packets)
      .slice(0, TOP),
    sampledSeconds,
    fewSources,
    shadowed,
    candidates: candidatesOf(policy, { rules: unusedNames, filters: byRule }, fewSources),
  };
}

function rulesOf(policy: Policy, counted: readonly CountedEvidence[]): readonly ReportedRule[] {
  const keyOf = (rule: string | null, action: Action): string => `${action} ${JSON.stringify(rule)}`;
  const byRule = groupBy(
    counted.filter((one) => one.policy === policy.name),
    ({ rule, action }) => keyOf(rule, action),
  );
  const wanted = [
    ...policy.rules.map(({ name, action }) => ({ rule: name, action })),
    { rule: null, action: policy.default },
  ];
  return wanted.map(({ rule, action }) => {
    const some = byRule.get(keyOf(rule, action)) ?? [];
    const times = some.flatMap(({ lastMatch }) => lastMatch ?? []).sort();
    return {
      rule,
      action,
      packets: some.reduce((sum, { packets }) => sum + packets, 0),
      bytes: some.reduce((sum, { bytes }) => sum + bytes, 0),
      lastMatch: times.at(-1) ?? null,
    };
  });
}

function notesOf(policy: Policy, evidence: Evidence, limit: number | undefined): readonly string[] {
  const { since, filtersUnknown, sampledSeconds, gaps, gapsLeftOut } = evidence;
  const inForce = newestGeneration(readAttachments());
  const isYoung = limit !== undefined && limit < Date.parse(since);
  return [
    ...(inForce === undefined ? ['no interface is filtered now'] : []),
    ...(inForce !== undefined && inForce.policy !== policy.name ? [`${inForce.policy} is in force as well`] : []),
    ...(isYoung
      ? ['the window is shorter than the time that was asked for: what is listed matched nothing in the window']
      : []),
    ...(gaps.length + gapsLeftOut === 0
      ? []
      : ['the window has gaps: what matched in them alone may be listed as unused']),
    ...(filtersUnknown === null ? [] : [`single filters are not observed: ${filtersUnknown}`]),
    `sources are known by samples alone, taken for ${Math.round(sampledSeconds)} s of the window: others may use a permit too`,
  ];
}
