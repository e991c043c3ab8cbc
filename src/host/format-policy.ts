/** The text of a policy in the usual layout. */
import { Diagnostics } from '../base/diagnostics.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import { formatPolicyText } from '../formats/yaml/format.ts';

export interface FormatRequest {
  /** YAML or JSON; files that it names are not read. */
  readonly text: string;
}

export interface FormatOutcome {
  /** With the same comments and the same meaning; JSON stays JSON. */
  readonly text: string;
}

/** Throws PolicyRejected where the text is not YAML, or cannot be formatted without a change. */
export function formatPolicy({ text }: FormatRequest): FormatOutcome {
  const diags = new Diagnostics();
  const formatted = formatPolicyText('policy', text, isJson(text) ? 'json' : 'yaml', diags);
  if (formatted === undefined) throw new PolicyRejected(diags.all);
  return { text: formatted.text };
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{');
}
