/** What `check` and `apply` say of a policy beyond its text. Pure: what is known of the host is given. */
import type { DiagnosticCode } from '../../base/codes/catalogue.ts';
import { CODES } from '../../base/codes/catalogue.ts';
import type { Severity } from '../../base/codes/entry.ts';
import type { Diagnostic, Diagnostics } from '../../base/diagnostics.ts';
import { groupBy } from '../../base/group-by.ts';
import type { Filter, HostAddresses, Policy } from '../../policy/model.ts';
import { leaveOutAccepted, observeUnused } from './accepted.ts';
import { Effort } from './effort.ts';
import type { HostFacts } from './facts.ts';
import type { Findings } from './findings.ts';
import { findingsOf } from './findings.ts';
import { identicalFilters } from './identical.ts';
import type { Observation } from './observation.ts';
import { identityOf, rulesOf } from './observation.ts';
import { keepPossibleOpposites } from './possible-opposites.ts';
import { universeOf } from './universe.ts';
import { observeCrossings } from './wording/crossings.ts';
import { observeCut } from './wording/cut.ts';
import { observeEssentials } from './wording/essential.ts';
import { observeIdentical } from './wording/identical.ts';
import { observeMirrorHoles } from './wording/mirror-holes.ts';
import { observeHeardBesides, observeOpenExemptions } from './wording/open-ports.ts';
import { observeShadowed } from './wording/shadowed.ts';
import { observeMeWithoutIpv4, observeMissingInterfaces, observeUnmatched } from './wording/unmatched.ts';

export interface WarningOptions {
  /** For people: a few findings of each code, those with one winner in one. */
  readonly isBrief?: boolean;
  /** Diagnostics of reading the policy, of which the accepted ones are left out. */
  readonly reported?: readonly Diagnostic[];
  /** Identities of the findings of the policy in force: others are new. */
  readonly known?: ReadonlySet<string> | undefined;
  /** Steps; without it the answer is complete, however long it takes. */
  readonly effort?: number;
  /** Called again and again with the share of the effort that is spent, 0 to 1. */
  readonly progress?: (share: number) => void;
  /** A filter as a policy file has it, for filters to be pasted; left out, none is offered. */
  readonly writeFilter?: (filter: Filter) => string;
}

/** Some seconds of work, 0.2 to 0.3 s for a million steps on a busy 2-core VM: for a command that says what it can. */
export const CHECK_EFFORT = 20_000_000;
/** Half a second: for a command that has more to do. */
export const APPLY_EFFORT = 2_000_000;

export interface Finding extends Diagnostic {
  /** Names of the rules that it is about. */
  readonly rules: readonly string[];
  /** Not among those known; null where nobody said which are. */
  readonly isNew: boolean | null;
}

/** Findings of one code that are not reported one by one. */
export interface Omitted {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** Named in another finding. */
  readonly grouped: number;
  readonly left: number;
  /** There may be more. */
  readonly atLeast: boolean;
  readonly isNew: boolean | null;
}

export interface Warnings {
  /** Of reading the policy, but for the accepted ones. */
  readonly reported: readonly Diagnostic[];
  /** The new ones first, then by code, then the weightiest first. */
  readonly findings: readonly Finding[];
  readonly omitted: readonly Omitted[];
  /** Of all findings, to compare those of another policy with. */
  readonly identities: ReadonlySet<string>;
}

const SHOWN = 10;
/** Findings of one code as a program reads them. */
const MOST = 10_000;

/** The policy must have been read without errors. */
export function warningsOf(policy: Policy, facts: HostFacts, options: WarningOptions = {}): Warnings {
  const findings = findingsOf(policy, facts, new Effort(options.effort, options.progress));
  const all = observe(findings, policy, facts, options.writeFilter);
  const kept = leaveOutAccepted(policy, all, options.reported ?? []);
  const isCut = observeCut(findings.cut, policy).length > 0;
  const observations = [...kept.observations, ...(isCut ? [] : observeUnused(kept.unused))];
  const identities = new Set(observations.map(identityOf));
  const isNew = (one: Observation): boolean | null =>
    options.known === undefined ? null : !options.known.has(identityOf(one));
  const reports = [...groupBy(observations, isNew)]
    .sort(([a], [b]) => Number(b) - Number(a))
    .flatMap(([fresh, some]) => byCode(some).map(([code, alike]) => tellCode(code, alike, fresh, options, findings)));
  return {
    reported: kept.diagnostics,
    findings: reports.flatMap((one) => one.findings),
    omitted: reports.map((one) => one.omitted).filter(({ grouped, left, atLeast }) => grouped + left > 0 || atLeast),
    identities,
  };
}

/** The one finding that no policy may be put in force with: equal filters of opposite actions. Reports each as an error. */
export function refuseContradictions(policy: Policy, host: HostAddresses, diags: Diagnostics): void {
  if (new Set(policy.rules.map(({ action }) => action)).size < 2) return;
  const opposed = keepPossibleOpposites(policy, host);
  if (opposed.rules.every(({ filterList }) => filterList.filters.length === 0)) return;
  for (const { code, span, word } of observeIdentical(identicalFilters(universeOf(opposed, host)))) {
    const { message, help } = word([]);
    if (CODES[code].severity === 'error') diags.report(code, span, message, help);
  }
}

function observe(
  findings: Findings,
  policy: Policy,
  facts: HostFacts,
  writeFilter: WarningOptions['writeFilter'],
): readonly Observation[] {
  return [
    ...observeIdentical(findings.identical),
    ...observeCrossings(findings.crossings, { universe: findings.universe, facts, writeFilter }),
    ...observeShadowed(findings.shadowed),
    ...observeMirrorHoles(findings.mirrorHoles),
    ...observeBlocksNothing(findings, policy),
    ...observeEssentials(findings.droppedEssentials, policy),
    ...observeOpenExemptions(findings.openExemptions, policy),
    ...observeHeardBesides(findings.heardBesides),
    ...observeUnmatched(findings.unmatched, facts),
    ...observeMissingInterfaces(findings.missingInterfaces),
    ...observeMeWithoutIpv4(findings.meWithoutIpv4, policy),
    ...observeCut(findings.cut, policy),
  ];
}

function observeBlocksNothing({ blocksNothing }: Findings, { span }: Policy): readonly Observation[] {
  if (!blocksNothing) return [];
  const message = 'the default permits and no rule blocks: every packet passes';
  const wording = { message, help: 'write default: block, or add a rule that blocks' };
  return [{ code: 'XP0406', span, about: ['the policy'], size: 0, group: undefined, word: () => wording }];
}

function byCode(some: readonly Observation[]): readonly (readonly [DiagnosticCode, readonly Observation[]])[] {
  return [...groupBy(some, ({ code }) => code)].sort(([a], [b]) => (a < b ? -1 : 1));
}

function tellCode(
  code: DiagnosticCode,
  all: readonly Observation[],
  isNew: boolean | null,
  { isBrief = false }: WarningOptions,
  { cut }: Findings,
): { readonly findings: readonly Finding[]; readonly omitted: Omitted } {
  const { severity } = CODES[code];
  const ordered = [...all].sort((a, b) => b.size - a.size);
  const groups = isBrief ? [...groupBy(ordered, (one) => one.group ?? one).values()] : ordered.map((one) => [one]);
  const shown = groups.slice(0, isBrief ? SHOWN : MOST);
  const findings = shown.flatMap(([first, ...alike]): Finding[] => {
    if (first === undefined) return [];
    return [{ code, severity, span: first.span, ...first.word(alike), rules: rulesOf(first), isNew }];
  });
  const reported = shown.reduce((sum, group) => sum + group.length, 0);
  const atLeast = MAY_BE_CUT[code]?.(cut) ?? false;
  return {
    findings,
    omitted: { code, severity, grouped: reported - shown.length, left: all.length - reported, atLeast, isNew },
  };
}

/** Findings of which the analysis may have left some out. */
const MAY_BE_CUT: Readonly<Partial<Record<DiagnosticCode, (cut: Findings['cut']) => boolean>>> = {
  XP0403: ({ pairs, permits }) => pairs + permits > 0,
  XP0404: ({ shadowed }) => shadowed > 0,
  XP0405: ({ ports }) => ports,
  XP0407: ({ ports }) => ports,
  XP0408: ({ pairs, permits }) => pairs + permits > 0,
  XP0413: ({ ports }) => ports,
  XP0416: ({ ports }) => ports,
};
