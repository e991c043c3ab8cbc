/** Exit codes: a contract with scripts. */
import type { Diagnostic } from '../base/diagnostics.ts';

export const EXIT = { ok: 0, environment: 1, usage: 2, policy: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line asks for something that cannot be: exit 2. */
export class UsageError extends Error {
  readonly help: string | undefined;
  /** Of the text that it was read from; printed already. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, help?: string, diagnostics: readonly Diagnostic[] = []) {
    super(message);
    this.name = 'UsageError';
    this.help = help;
    this.diagnostics = diagnostics;
  }
}

/** What was asked has been answered with no, and printed: exit 3. */
export class CheckFailed extends Error {
  constructor() {
    super('the check failed');
    this.name = 'CheckFailed';
  }
}
