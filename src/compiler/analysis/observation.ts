/** What the analysis has to say: about which filters, how weighty, and how it is worded when it is told. */
import type { DiagnosticCode } from '../../base/codes/catalogue.ts';
import type { Span } from '../../base/diagnostics.ts';
import type { RuleFilter } from './universe.ts';

export interface Wording {
  readonly message: string;
  readonly help: string;
}

export interface Observation {
  readonly code: DiagnosticCode;
  /** Where it is reported. */
  readonly span: Span;
  /** The filters it is about, the one it is reported at first; or what else it is about. */
  readonly about: readonly (RuleFilter | string)[];
  /** Packets concerned: the larger is told first. */
  readonly size: number;
  /** Those with the same one are told together in a brief report; undefined: by itself. */
  readonly group: RuleFilter | undefined;
  /** Words are made only for what is told. `alike` are the others of the group. */
  readonly word: (alike: readonly Observation[]) => Wording;
}

/** Names of the rules that it is about, each once. */
export function rulesOf({ about }: Observation): readonly string[] {
  return [...new Set(about.flatMap((one) => (typeof one === 'string' ? [] : [one.rule.name])))];
}

/** Equal for the same observation of two versions of a policy, wherever their lines and other filters are. */
export function identityOf({ code, about }: Observation): string {
  const parts = about.map((one) => (typeof one === 'string' ? one : `${one.rule.name}\t${one.filter.text}`));
  return [code, ...parts].join('\n');
}
