/** What `check` prints for people: diagnostics by place, then the findings of the analysis by code, capped. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { ANALYSIS_PREFIX } from '../compiler/analysis/analyse.ts';
import type { RenderOptions } from './render-diagnostics.ts';
import { renderEach, summaryOf } from './render-diagnostics.ts';

/** Findings of one code that are shown; a policy may have thousands. */
export const SHOWN_FINDINGS = 10;

/** Nothing for none. Ends in a line feed. */
export function renderFindings(diags: readonly Diagnostic[], options: RenderOptions): string {
  if (diags.length === 0) return '';
  const lines = renderEach(diags.filter(({ code }) => !isFinding(code)), options);
  const codes = new Set(diags.map(({ code }) => code).filter(isFinding));
  for (const code of [...codes].sort()) {
    const all = diags.filter((diagnostic) => diagnostic.code === code);
    lines.push(...renderEach(all.slice(0, SHOWN_FINDINGS), options));
    if (all.length > SHOWN_FINDINGS) lines.push(`… and ${all.length - SHOWN_FINDINGS} more like this (--json has all)`);
  }
  return `${[...lines, summaryOf(diags)].join('\n')}\n`;
}

function isFinding(code: string): boolean {
  return code.startsWith(ANALYSIS_PREFIX);
}
