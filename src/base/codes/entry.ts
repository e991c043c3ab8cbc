export type Severity = 'error' | 'warning' | 'note';

/** The description of a diagnostic code, the same wherever it is reported. */
export interface CodeEntry {
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
}

export type CodeCatalogue = Readonly<Record<`XP${number}`, CodeEntry>>;
