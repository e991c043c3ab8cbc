/** Warnings that the policy's author knows of are not told; those that nobody gives any more are. */
import { CODES } from '../../base/codes/catalogue.ts';
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { AcceptedWarning, Policy, Rule } from '../../policy/model.ts';
import type { Observation } from './observation.ts';
import { rulesOf } from './observation.ts';

export interface Unaccepted {
  readonly observations: readonly Observation[];
  readonly diagnostics: readonly Diagnostic[];
  /** Accepted, but given nowhere. */
  readonly unused: readonly AcceptedWarning[];
}

/** Given on some hosts and not on others, or after the analysis: that they are not given says nothing. */
const ELSEWHERE = /^XP0(?:41[01245]|[5-9])/u;

/** `diagnostics` are those of reading the policy. Errors are never accepted. */
export function leaveOutAccepted(
  policy: Policy,
  observations: readonly Observation[],
  diagnostics: readonly Diagnostic[],
): Unaccepted {
  const used = new Set<AcceptedWarning>();
  const isAccepted = (code: string, isOf: (rule: string) => boolean): boolean => {
    const matching = policy.accept.filter((one) => one.code === code && (one.rule === undefined || isOf(one.rule)));
    for (const one of matching) used.add(one);
    return matching.length > 0;
  };
  return {
    observations: observations.filter(
      (one) => isError(one) || !isAccepted(one.code, (rule) => rulesOf(one).includes(rule)),
    ),
    diagnostics: diagnostics.filter(
      (one) =>
        isError(one) ||
        !isAccepted(one.code, (name) => policy.rules.some((rule) => rule.name === name && stands(one, rule))),
    ),
    unused: policy.accept.filter((one) => !used.has(one) && !ELSEWHERE.test(one.code)),
  };
}

function isError({ code }: { readonly code: Diagnostic['code'] }): boolean {
  return CODES[code].severity === 'error';
}

/** Is it reported at the rule or at one of its filters? */
function stands({ span }: Diagnostic, rule: Rule): boolean {
  const places = [rule.span, ...rule.filterList.filters.map((filter) => filter.span)];
  return places.some(({ file, line }) => file === span.file && line === span.line);
}

export function observeUnused(unused: readonly AcceptedWarning[]): readonly Observation[] {
  return unused.map((one) => ({
    code: 'XP0409',
    span: one.span,
    about: [`accept ${one.code} ${one.rule ?? ''}`],
    size: 0,
    group: undefined,
    word: () => wordUnused(one),
  }));
}

function wordUnused({ code, rule }: AcceptedWarning): { readonly message: string; readonly help: string } {
  if (CODES[code].severity === 'error') {
    return { message: `${code} is an error, and only warnings can be accepted`, help: 'remove it, and mend the error' };
  }
  const of = rule === undefined ? '' : ` of rule "${rule}"`;
  return {
    message: `${code}${of} is accepted, but nothing gives this warning`,
    help: 'remove it, so that the warning is seen when it comes again',
  };
}
