/** Exit codes: a contract with scripts. */
export const EXIT = { ok: 0, environment: 1, usage: 2, policy: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line asks for something that cannot be: exit 2. */
export class UsageError extends Error {
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.name = 'UsageError';
    this.help = help;
  }
}

/** The policy has errors, which have been printed: exit 3. */
export class PolicyRejected extends Error {
  constructor() {
    super('the policy has errors');
    this.name = 'PolicyRejected';
  }
}
