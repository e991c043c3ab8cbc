import type { Diagnostic } from './diagnostics.ts';

/** Of the wire and of the audit log: the policy has errors; its diagnostics have codes of their own. */
export const POLICY_CODE = 'XDPOL_E_POLICY';

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
