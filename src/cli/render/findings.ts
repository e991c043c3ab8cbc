/** What `check` and `apply` print for people: diagnostics by place, then the findings of the analysis by code. */
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { Finding, Omitted } from '../../compiler/analysis/warnings.ts';
import type { RenderOptions } from './diagnostics.ts';
import { renderEach, summaryOf } from './diagnostics.ts';

/** Nothing for none. Ends in a line feed. The last line also counts what is not shown. */
export function renderFindings(
  diags: readonly Diagnostic[],
  omitted: readonly Omitted[],
  options: RenderOptions,
): string {
  if (diags.length === 0) return '';
  const findings = diags.filter(isFinding);
  const lines = renderEach(
    diags.filter((one) => !isFinding(one)),
    options,
  );
  const isDivided = new Set(findings.map(({ isNew }) => isNew)).size > 1;
  for (const [i, finding] of findings.entries()) {
    const [last, next] = [findings[i - 1], findings[i + 1]];
    if (isDivided && last?.isNew !== finding.isNew) lines.push(finding.isNew === true ? NEW : KNOWN);
    lines.push(...renderEach([finding], options));
    if (next?.code !== finding.code || next.isNew !== finding.isNew) lines.push(...restLine(finding, omitted));
  }
  const more = omitted.map(({ severity, grouped, left }) => ({ severity, count: grouped + left }));
  return `${[...lines, summaryOf(diags, more)].join('\n')}\n`;
}

const NEW = 'new since the policy in force:';
const KNOWN = 'as of the policy in force:';

function restLine({ code, isNew }: Finding, omitted: readonly Omitted[]): readonly string[] {
  const rest = omitted.find((one) => one.code === code && one.isNew === isNew);
  if (rest === undefined || (rest.left === 0 && !rest.atLeast)) return [];
  if (rest.left === 0) return ['… and there may be more like this'];
  return [`… and ${rest.atLeast ? 'at least ' : ''}${rest.left} more like this (--json has more)`];
}

function isFinding(diagnostic: Diagnostic): diagnostic is Finding {
  return 'isNew' in diagnostic;
}
