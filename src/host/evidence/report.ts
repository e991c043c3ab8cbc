/** What the traffic says of the policy in force: see docs/report.md. */
import { groupBy } from '../../base/group-by.ts';
import { APPLY_EFFORT, warningsOf } from '../../compiler/analysis/warnings.ts';
import { printFilter } from '../../formats/yaml/print.ts';
import type { Policy } from '../../policy/model.ts';
import type { Evidence } from '../../store/store.ts';
import { factsOfHost } from '../analysis-facts.ts';
import type { HostContext } from '../context.ts';
import { interfaceAddresses, listInterfaces, presentInterfaces } from '../interfaces.ts';
import { findPolicyInForce } from '../policy-in-force.ts';
import { readyToRead } from '../read-ready.ts';
import type { ReadyPolicy } from '../ready-policy.ts';
import type { Candidate, FewSources } from './candidates.ts';
import { candidatesOf, fewSourcesOf } from './candidates.ts';
import type { ReportRequest, TrafficReport } from './report-traffic.ts';
import { requireEvidence, trafficOf } from './report-traffic.ts';

export interface ShadowedFilter {
  readonly code: string;
  readonly rules: readonly string[];
  readonly message: string;
}

export interface ReportOutcome extends TrafficReport {
  readonly fewSources: readonly FewSources[];
  readonly shadowed: readonly ShadowedFilter[];
  readonly candidates: readonly Candidate[];
}

/** Filters that another one, an exemption or a broader rule keeps from deciding. */
const SHADOWED: ReadonlySet<string> = new Set(['XP0402', 'XP0404', 'XP0408']);

/** Throws EnvironmentError where nothing is in force, or nothing was observed. */
export async function reportEvidence(context: HostContext, request: ReportRequest): Promise<ReportOutcome> {
  const evidence = requireEvidence(context);
  const { stored, interfaces, rules: dynamic } = findPolicyInForce(context.store);
  const devices = await presentInterfaces(interfaces);
  const ready = await readyToRead(context, stored, () => interfaceAddresses(devices), dynamic);
  const traffic = trafficOf(ready.policy, evidence, request);
  const shadowed = await shadowedIn(ready, interfaces);
  return { ...traffic, shadowed, ...narrowable(ready.policy, evidence, traffic) };
}

async function shadowedIn({ policy, host }: ReadyPolicy, interfaces: readonly string[]): Promise<ShadowedFilter[]> {
  const facts = factsOfHost(host, await listInterfaces(), interfaces);
  const { findings } = warningsOf(policy, facts, { effort: APPLY_EFFORT, writeFilter: printFilter });
  return findings
    .filter(({ code }) => SHADOWED.has(code))
    .map(({ code, rules, message }) => ({ code, rules, message }));
}

function narrowable(
  policy: Policy,
  { sources }: Evidence,
  { unusedRules, unusedFilters }: TrafficReport,
): Pick<ReportOutcome, 'fewSources' | 'candidates'> {
  const fewSources = fewSourcesOf(policy, sources);
  const rules = new Set(unusedRules.flatMap(({ rule }) => rule ?? []));
  const byRule = groupBy(unusedFilters ?? [], ({ rule }) => rule);
  const filters = new Map([...byRule].map(([rule, some]) => [rule, new Set(some.map(({ filter }) => filter))]));
  return { fewSources, candidates: candidatesOf(policy, { rules, filters }, fewSources) };
}
