/** A policy stored as a new version. What is in force stays. */
import { PolicyRejected } from '../base/policy-rejected.ts';
import { outlineOf } from '../policy/outline.ts';
import type { HostContext } from './context.ts';
import { isLarge, keepOutline } from './kept-outline.ts';
import type { PolicyInput } from './policy-input.ts';
import { readPolicyInput } from './policy-input.ts';

export interface StoreRequest {
  readonly input: PolicyInput;
}

export interface StoreOutcome {
  /** The policy's name, as its text has it. */
  readonly policy: string;
  /** The one that is stored now; the newest where it has this text already. */
  readonly version: number;
  readonly hash: string;
}

/** Throws PolicyRejected where the policy has errors. */
export function storePolicy(context: HostContext, { input }: StoreRequest): StoreOutcome {
  const { store } = context;
  using _lock = store.lock();
  const { policy, diags, source, hash } = readPolicyInput(context, input);
  if (policy === undefined || diags.failed) throw new PolicyRejected(diags.all);
  const version = store.write(policy.name, source);
  if (isLarge(policy)) keepOutline(context, hash, outlineOf(policy));
  return { policy: policy.name, version, hash };
}
