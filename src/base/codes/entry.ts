export type Severity = 'error' | 'warning' | 'note';

/** What is said of a diagnostic code wherever it is reported. */
export interface CodeEntry {
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
}

export type CodeCatalogue = Readonly<Record<`XP${number}`, CodeEntry>>;
