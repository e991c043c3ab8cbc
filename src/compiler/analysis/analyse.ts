/** What `check` says of a policy beyond its text. Pure. */
import type { DiagnosticCode } from '../../base/codes/catalogue.ts';
import { CODES } from '../../base/codes/catalogue.ts';
import type { Severity } from '../../base/codes/entry.ts';
import type { Diagnostics } from '../../base/diagnostics.ts';
import { groupBy } from '../../base/group-by.ts';
import type { HostAddresses, Policy } from '../../policy/model.ts';
import { findingsOf } from './findings.ts';
import { identicalFilters } from './identical.ts';
import type { Observation } from './observation.ts';
import { universeOf } from './universe.ts';
import { observeCrossings } from './wording/crossings.ts';
import { observeIdentical } from './wording/identical.ts';
import { observeMirrorHoles } from './wording/mirror-holes.ts';
import { observeShadowed } from './wording/shadowed.ts';

/** Codes of the analysis start so. */
export const ANALYSIS_PREFIX = 'XP04';

export interface AnalyseOptions {
  /** For people: a few findings of each code, and of the crossings with one filter the first. */
  readonly brief?: boolean;
}

/** Findings of one code that a brief analysis does not report as diagnostics of their own. */
export interface Omitted {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** Named in the diagnostic of another. */
  readonly grouped: number;
  readonly left: number;
  /** There may be more. */
  readonly atLeast: boolean;
}

const SHOWN = 10;
/** Crossings that a brief analysis looks for: more than anyone counts. */
const BRIEF_CROSSINGS = 10_000;

/** Reports what the policy says twice, by accident or to no effect. It must have been read without errors. */
export function analyse(
  policy: Policy,
  host: HostAddresses,
  diags: Diagnostics,
  { brief = false }: AnalyseOptions = {},
): readonly Omitted[] {
  const findings = findingsOf(policy, host, brief ? BRIEF_CROSSINGS : undefined);
  const observations = [
    ...observeIdentical(findings.identical),
    ...observeCrossings(findings.crossings),
    ...observeShadowed(findings.shadowed, policy, host),
    ...observeMirrorHoles(findings.mirrorHoles),
  ];
  const byCode = [...groupBy(observations, ({ code }) => code)].sort(([a], [b]) => (a < b ? -1 : 1));
  const omitted = byCode.map(([code, all]) =>
    tell(code, all, diags, brief, code === 'XP0403' && findings.crossingsCut),
  );
  if (findings.blocksNothing) {
    const message = 'the default permits and no rule blocks: every packet passes';
    diags.report('XP0406', policy.span, message, 'write default: block, or add a rule that blocks');
  }
  return omitted.filter(({ grouped, left }) => grouped + left > 0);
}

/** The one finding that no policy may be put in force with: equal filters of opposite actions. Reports each as an error. */
export function refuseContradictions(policy: Policy, host: HostAddresses, diags: Diagnostics): void {
  for (const { code, span, word } of observeIdentical(identicalFilters(universeOf(policy, host)))) {
    const { message, help } = word([]);
    if (CODES[code].severity === 'error') diags.report(code, span, message, help);
  }
}

/** Reports observations of one code, the weightiest first. */
function tell(
  code: DiagnosticCode,
  all: readonly Observation[],
  diags: Diagnostics,
  brief: boolean,
  atLeast: boolean,
): Omitted {
  const ordered = [...all].sort((a, b) => b.size - a.size);
  const groups = brief ? [...groupBy(ordered, (one) => one.group ?? one).values()] : ordered.map((one) => [one]);
  const shown = brief ? groups.slice(0, SHOWN) : groups;
  for (const [first, ...alike] of shown) {
    if (first === undefined) continue;
    const { message, help } = first.word(alike);
    diags.report(code, first.span, message, help);
  }
  const told = shown.reduce((sum, group) => sum + group.length, 0);
  return { code, severity: CODES[code].severity, grouped: told - shown.length, left: all.length - told, atLeast };
}
