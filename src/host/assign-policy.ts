/** A stored policy put in force and assigned. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { IngressHook, RequestedMode } from '../engine/attach.ts';
import { readAttachments } from '../engine/survey.ts';
import type { HostContext } from './context.ts';
import type { AssignedInForce } from './put-assigned.ts';
import { putAssignedInForce } from './put-assigned.ts';
import { notStored } from './stored-policies.ts';

export interface AssignRequest {
  readonly name: string;
  /** Else the newest. */
  readonly version?: number | undefined;
  /** Else those of the last assignment. */
  readonly interfaces?: readonly string[] | undefined;
  /** Else as it was attached last. */
  readonly mode?: RequestedMode | undefined;
  /** Where what arrives at the named interfaces is filtered; else as it is now, or was last. */
  readonly hook?: IngressHook | undefined;
  /** Seconds: goes back unless it is confirmed in time. */
  readonly confirm?: number | undefined;
}

export async function assignPolicy(context: HostContext, request: AssignRequest): Promise<AssignedInForce> {
  const { store } = context;
  using _lock = store.lock();
  const last = store.lastAssignment();
  const usual = request.interfaces === undefined ? usualInterfaces(last?.interfaces) : undefined;
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
  });
}

/** Those of the last assignment, else those that are filtered. */
function usualInterfaces(last: readonly string[] | undefined): readonly string[] {
  const names = last ?? readAttachments().map((attachment) => attachment.name);
  if (names.length > 0) return names;
  throw new EnvironmentError('XDPOL_E_WHICH_INTERFACES', 'no policy was assigned here before: which interfaces?', {
    help: 'name them: xdpol assign NAME -i eth0',
  });
}
