/** What the counters and marks say of the policy in force: the part of a report that needs no look at its filters. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { groupBy } from '../../base/group-by.ts';
import type { Generation } from '../../engine/generation.ts';
import { newestGeneration, readAttachments } from '../../engine/survey.ts';
import type { Action } from '../../policy/model.ts';
import type { CountedEvidence, Evidence, EvidenceGap, EvidenceHour } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { interfaceAddresses, presentInterfaces } from '../interfaces.ts';
import { findPolicyInForce } from '../policy-in-force.ts';
import { readyToRead } from '../read-ready.ts';

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

/** Times are ISO 8601, UTC. */
export interface TrafficReport {
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
}

const TOP = 10;

/** What a report names of a policy. */
interface NamedRules {
  readonly name: string;
  readonly default: Action;
  readonly rules: readonly { readonly name: string; readonly action: Action }[];
}

/** Of a policy of very many rules this is there at once, and the whole report takes long. Throws as reportEvidence. */
export async function reportTraffic(context: HostContext, request: ReportRequest): Promise<TrafficReport> {
  const evidence = requireEvidence(context);
  const { stored, interfaces, rules: dynamic } = findPolicyInForce(context.store);
  const generation = newestGeneration(readAttachments());
  if (generation !== undefined && (stored === undefined || generation.policy === stored.stored)) {
    return trafficOf(namedBy(generation), evidence, request);
  }
  const devices = await presentInterfaces(interfaces);
  const ready = await readyToRead(context, stored, () => interfaceAddresses(devices), dynamic);
  return trafficOf(ready.policy, evidence, request);
}

function namedBy({ policy: name, default: action, rules }: Generation): NamedRules {
  return { name, default: action, rules };
}

/** Throws EnvironmentError where nothing was observed. */
export function requireEvidence({ store }: HostContext): Evidence {
  const evidence = store.evidence.read();
  if (evidence !== undefined) return evidence;
  throw new EnvironmentError('XDPOL_E_NO_EVIDENCE', 'no traffic has been observed on this host', {
    help: 'start the agent, which observes it: systemctl start xdpol-agent, or xdpol agent',
  });
}

export function trafficOf(policy: NamedRules, evidence: Evidence, { unusedFor }: ReportRequest): TrafficReport {
  const { since, until, gaps, gapsLeftOut, hours, sampledSeconds } = evidence;
  const limit = unusedFor === undefined ? undefined : Date.parse(until) - 1000 * unusedFor;
  const isUnused = (last: string | null): boolean => last === null || (limit !== undefined && Date.parse(last) < limit);
  const rules = rulesOf(policy, evidence.counted);
  const unusedRules = rules.filter(({ rule, lastMatch }) => rule !== null && isUnused(lastMatch));
  const unusedNames = new Set(unusedRules.map(({ rule }) => rule));
  const unusedFilters = evidence.filters
    .filter((one) => one.policy === policy.name && isUnused(one.lastMatch) && !unusedNames.has(one.rule))
    .map(({ rule, filter, since: from, lastMatch }) => ({ rule, filter, since: from, lastMatch }));
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
    unusedFilters: evidence.filtersUnknown === null ? unusedFilters : null,
    topRules: rules
      .filter(({ packets }) => packets > 0)
      .sort((a, b) => b.packets - a.packets)
      .slice(0, TOP),
    sampledSeconds,
  };
}

function rulesOf(policy: NamedRules, counted: readonly CountedEvidence[]): readonly ReportedRule[] {
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

function notesOf(policy: NamedRules, evidence: Evidence, limit: number | undefined): readonly string[] {
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
