/** Selectors of groups by labels: `role = web, site in (ams, fra), tier != test`. Every term must hold. */

export type Labels = Readonly<Record<string, string>>;

interface Term {
  readonly label: string;
  readonly values: readonly string[];
  /** Whether the label must have one of the values, or none of them. */
  readonly isWanted: boolean;
}

const WORD = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const ONE = new RegExp(`^(?<label>${WORD})\\s*(?<sign>!?=)\\s*(?<value>${WORD})$`, 'u');
const SEVERAL = new RegExp(`^(?<label>${WORD})\\s+(?<sign>(?:not\\s+)?in)\\s*\\(\\s*(?<values>[^()]*?)\\s*\\)$`, 'u');

export function isLabelWord(text: string): boolean {
  return new RegExp(`^${WORD}$`, 'u').test(text);
}

function readTerm(text: string): Term | undefined {
  const one = ONE.exec(text)?.groups;
  if (one !== undefined) {
    return { label: one['label'] ?? '', values: [one['value'] ?? ''], isWanted: one['sign'] === '=' };
  }
  const several = SEVERAL.exec(text)?.groups;
  const values = several?.['values']?.split(/\s*,\s*/u) ?? [];
  if (several === undefined || !values.every(isLabelWord)) return undefined;
  return { label: several['label'] ?? '', values, isWanted: several['sign'] === 'in' };
}

/** undefined where the text is no selector. */
export function readSelector(text: string): readonly Term[] | undefined {
  if (text.length > 2000) return undefined;
  // Commas inside parentheses are part of a term.
  const terms = text.split(/,(?![^(]*\))/u).map((part) => readTerm(part.trim()));
  return terms.every((term) => term !== undefined) ? terms : undefined;
}

/** False where the text is no selector. */
export function matchesSelector(text: string, labels: Labels): boolean {
  const terms = readSelector(text);
  if (terms === undefined) return false;
  const has = ({ label, values }: Term): boolean =>
    Object.hasOwn(labels, label) && values.includes(labels[label] ?? '');
  return terms.every((term) => has(term) === term.isWanted);
}
