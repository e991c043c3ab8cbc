/** What doctor says. */

/**
 * `error`: attaching fails, or packets go unfiltered. `warning`: it works, and not as one would expect. `note`: worth
 * knowing.
 */
export type FindingSeverity = 'error' | 'warning' | 'note';

/** A command, as words: it is run without a shell, and printed as one would type it. */
export interface Remedy {
  readonly command: readonly string[];
  /** Nothing that works now can break by it: `--fix` runs it. */
  readonly isSafe: boolean;
}

export interface Finding {
  /** The check that found it: stable. */
  readonly check: string;
  readonly severity: FindingSeverity;
  /** undefined: the host. */
  readonly interface?: string;
  readonly what: string;
  readonly why: string;
  /** What to do where no single command does it. */
  readonly advice?: string;
  readonly remedy?: Remedy;
  /** Packets would go unfiltered though the policy is in force: nothing is put in force like this. */
  readonly leaks?: true;
}

/** A finding without its check and interface, which the caller adds. */
export type Found = Omit<Finding, 'check' | 'interface'>;

export function safe(...command: readonly string[]): Remedy {
  return { command, isSafe: true };
}

/** A command that can interrupt something, so a person decides. */
export function manual(...command: readonly string[]): Remedy {
  return { command, isSafe: false };
}
