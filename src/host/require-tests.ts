/** The tests of a policy that is to be put in force. */
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { PolicyTestOptions } from '../policy/policy-tests.ts';
import { runPolicyTests } from '../policy/policy-tests.ts';
import type { ReadyPolicy } from './ready-policy.ts';

/** Dynamic rules are nobody's test. Throws PolicyRejected where one fails. */
export function requireTests({ policy, host, diags, dynamic }: ReadyPolicy, options: PolicyTestOptions): void {
  const rules = policy.rules.filter(({ name }) => !dynamic.includes(name));
  runPolicyTests({ ...policy, rules }, host, diags, options);
  if (diags.failed) throw new PolicyRejected(diags.all);
}
