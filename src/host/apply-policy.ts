/** A policy stored, put in force and assigned. */
import type { IngressHook, RequestedMode } from '../engine/attach.ts';
import type { HostContext } from './context.ts';
import type { PolicyInput } from './policy-input.ts';
import type { AssignedInForce } from './put-assigned.ts';
import { putAssignedInForce } from './put-assigned.ts';

export interface ApplyRequest {
  readonly input: PolicyInput;
  /** Those that are filtered already go along. */
  readonly interfaces: readonly string[];
  readonly mode: RequestedMode;
  /** Where what arrives at these interfaces is filtered; else as it is now, or at XDP. */
  readonly hook?: IngressHook | undefined;
  /** Filter what arrives only. */
  readonly ingressOnly?: boolean | undefined;
  /** Everything up to the swap, and nothing is changed. */
  readonly dryRun?: boolean | undefined;
  /** Seconds: goes back unless it is confirmed in time. */
  readonly confirm?: number | undefined;
  /** Also where it ends what the host does now, or cuts the host off from itself. */
  readonly force?: boolean | undefined;
}

/** A failure leaves the old policy in force and assigned. */
export async function applyPolicy(context: HostContext, request: ApplyRequest): Promise<AssignedInForce> {
  const { input, interfaces, mode, hook, ingressOnly, dryRun: isDryRun, confirm, force: isForced } = request;
  using _lock = context.store.lock();
  const attaching = { mode, ingressOnly, tcx: context.store.assignment()?.tcx };
  const how = { attaching, hook, isDryRun, confirm, isForced, isAnalysed: true };
  return await putAssignedInForce(context, { input, interfaces, ...how });
}
