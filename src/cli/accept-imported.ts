/** A policy made from another form means what that form meant: what `check` would warn of is accepted in it, and reported. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import type { Finding } from '../compiler/analysis/warnings.ts';
import { CHECK_EFFORT, warningsOf } from '../compiler/analysis/warnings.ts';
import { resolveHost } from '../host/host-addresses.ts';
import type { AcceptedWarning, Policy } from '../policy/model.ts';
import type { MeOptions } from './options.ts';
import { meOf } from './read-policy.ts';

/** Warnings about filters among each other; others are about a host. */
const ABOUT_FILTERS = /^XP040/u;

export interface AcceptedImport {
  readonly policy: Policy;
  /** The warnings that it accepts; positions are those of the source. */
  readonly warnings: readonly Diagnostic[];
}

export async function acceptWarnings(policy: Policy, options: MeOptions, file: string): Promise<AcceptedImport> {
  // A name that has no address now has filters that nothing is said about.
  const host = await resolveHost(policy, await meOf(policy, options), new Diagnostics());
  const { findings } = warningsOf(policy, host, { effort: CHECK_EFFORT });
  const warnings = findings.filter(({ code, severity }) => severity === 'warning' && ABOUT_FILTERS.test(code));
  const accept: AcceptedWarning[] = [];
  for (const finding of warnings) {
    if (!accept.some((one) => covers(one, finding))) accept.push(acceptedOf(finding, file));
  }
  return { policy: { ...policy, accept: [...policy.accept, ...accept] }, warnings };
}

function covers({ code, rule }: AcceptedWarning, finding: Finding): boolean {
  return code === finding.code && (rule === undefined || finding.rules.includes(rule));
}

function acceptedOf({ code, rules, span }: Finding, file: string): AcceptedWarning {
  return { code, rule: rules[0], because: `${file.replaceAll(/\s+/gu, ' ')} means it so; not reviewed yet`, span };
}
