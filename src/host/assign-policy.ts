/** A stored policy put in force and assigned. */
import type { IngressHook, RequestedMode } from '../engine/attach.ts';
import type { HostContext } from './context.ts';
import { usualInterfaces } from './intended-policy.ts';
import type { AssignedInForce } from './put-assigned.ts';
import { putAssignedInForce } from './put-assigned.ts';
import { notStored } from './stored-policies.ts';

export interface AssignRequest {
  readonly name: string;
  /** Else the newest. */
  readonly version?: number | undefined;
  /** Else those of the last assignment, those that are filtered, or those that the configuration names. */
  readonly interfaces?: readonly string[] | undefined;
  /** Else as it was attached last. */
  readonly mode?: RequestedMode | undefined;
  /** Where what arrives at the named interfaces is filtered; else as it is now, or was last. */
  readonly hook?: IngressHook | undefined;
  /** Seconds: goes back unless it is confirmed in time. */
  readonly confirm?: number | undefined;
  /** Also where it ends what the host does now, or cuts the host off from itself. */
  readonly force?: boolean | undefined;
}

export async function assignPolicy(context: HostContext, request: AssignRequest): Promise<AssignedInForce> {
  const { store } = context;
  using _lock = store.lock();
  const last = store.lastAssignment();
  const usual = request.interfaces === undefined ? await usualInterfaces(store) : undefined;
  const { name, mode = last?.mode ?? 'auto', hook, confirm } = request;
  const stored = store.read(name, request.version);
  if (stored === undefined) throw notStored(context, name, request.version);
  const input = { stored: name, version: stored.version };
  return await putAssignedInForce(context, {
    input,
    stored,
    interfaces: request.interfaces ?? [],
    usual,
    attaching: { mode, ingressOnly: last?.ingressOnly, tcx: last?.tcx },
    hook,
    confirm,
    isForced: request.force,
  });
}
