/** What `check` prints for people: diagnostics by place, then the findings of the analysis by code. */
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { Omitted } from '../../compiler/analysis/analyse.ts';
import { ANALYSIS_PREFIX } from '../../compiler/analysis/analyse.ts';
import type { RenderOptions } from './diagnostics.ts';
import { renderEach, summaryOf } from './diagnostics.ts';

/** Nothing for none. Ends in a line feed. The last line counts what is not told too. */
export function renderFindings(
  diags: readonly Diagnostic[],
  omitted: readonly Omitted[],
  options: RenderOptions,
): string {
  if (diags.length === 0) return '';
  const lines = renderEach(
    diags.filter(({ code }) => !isFinding(code)),
    options,
  );
  const codes = new Set(diags.map(({ code }) => code).filter(isFinding));
  for (const code of [...codes].sort()) {
    const told = diags.filter((diagnostic) => diagnostic.code === code);
    const rest = omitted.find((one) => one.code === code);
    lines.push(...renderEach(told, options), ...restLine(rest));
  }
  const more = omitted.map(({ severity, grouped, left }) => ({ severity, count: grouped + left }));
  return `${[...lines, summaryOf(diags, more)].join('\n')}\n`;
}

function restLine(rest: Omitted | undefined): readonly string[] {
  if (rest === undefined || rest.left === 0) return [];
  return [`… and ${rest.atLeast ? 'at least ' : ''}${rest.left} more like this (--json has all)`];
}

function isFinding(code: string): boolean {
  return code.startsWith(ANALYSIS_PREFIX);
}
