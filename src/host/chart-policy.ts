/** The policy that a planning chart makes, to be reviewed. Nothing is stored. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import { readChart } from '../formats/chart/chart.ts';
import { printPolicy } from '../formats/yaml/print.ts';

export interface ChartRequest {
  /** Of the policy. */
  readonly name: string;
  /** CSV, or Markdown with a table. */
  readonly chart: string;
}

export interface ChartOutcome {
  /** The policy's text; null where the chart has errors. */
  readonly text: string | null;
  /** Their lines are those of the chart. */
  readonly diagnostics: readonly Diagnostic[];
}

export function policyOfChart({ name, chart }: ChartRequest): ChartOutcome {
  const diags = new Diagnostics();
  const read = readChart({ file: 'chart', text: chart, name }, diags);
  const text = read === undefined || diags.failed ? null : printPolicy(read.policy, read.comments);
  return { text, diagnostics: diags.all };
}
