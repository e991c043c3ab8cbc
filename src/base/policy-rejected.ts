import type { Diagnostic } from './diagnostics.ts';

/** A policy has errors, so nothing was done with it. */
export class PolicyRejected extends Error {
  /** Everything that was found in it, warnings too. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super('the policy has errors');
    this.name = 'PolicyRejected';
    this.diagnostics = diagnostics;
  }
}
