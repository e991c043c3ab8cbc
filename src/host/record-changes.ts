/** The audit log of the host: every change is written to it, with what was before and after, whoever asked and however. */
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { POLICY_CODE, PolicyRejected } from '../base/policy-rejected.ts';
import type { PolicyAt } from '../store/store.ts';
import type { HostContext } from './context.ts';
import type { HostOperations } from './operations.ts';
import { isPrivileged } from './privileges.ts';
import type { StoreOutcome } from './store-policy.ts';

/** Nothing was tried: the caller lacks rights, so cannot write here, or tries again when the other change has ended. */
const UNRECORDED: ReadonlySet<string> = new Set(['XDPOL_E_PRIVILEGES', 'XDPOL_E_LOCKED']);

interface Subject {
  readonly verb: string;
  /** That was meant; null where the verb names none. */
  readonly policy: string | null;
  /** It changes the store, and what is in force only where the policy is assigned. */
  readonly isStoredOnly?: boolean;
}

function policyAt({ policy, version, hash }: PolicyAt): PolicyAt {
  return { policy, version, hash };
}

/** What decides about packets by the store and by what waits to be confirmed; null for nothing, or where it cannot be read. */
async function inForce({ store }: HostContext): Promise<PolicyAt | null> {
  try {
    const { findIntendedAssignment } = await import('./intended-assignment.ts');
    const assigned = isPrivileged() ? findIntendedAssignment(store) : store.assignment();
    return assigned === undefined ? null : policyAt(assigned);
  } catch {
    return null;
  }
}

async function stateOf(context: HostContext, { policy, isStoredOnly }: Subject): Promise<PolicyAt | null> {
  const now = await inForce(context);
  if (isStoredOnly !== true || policy === null || now?.policy === policy) return now;
  try {
    const newest = context.store.versions(policy).at(-1);
    return newest === undefined ? null : policyAt({ policy, version: newest.version, hash: newest.hash });
  } catch {
    return null;
  }
}

/** Does `work` and writes what came of it. A record that cannot be written ends nothing: it is a warning. */
async function runRecorded<T>(context: HostContext, subject: Subject, work: () => Promise<T>): Promise<T> {
  const from = await stateOf(context, subject);
  const { verb, policy } = subject;
  try {
    const outcome = await work();
    const to = await stateOf(context, subject);
    recordChange(context, { verb, policy: policy ?? to?.policy ?? from?.policy ?? null, from, to });
    return outcome;
  } catch (error) {
    const result = codeOf(error);
    if (UNRECORDED.has(result)) throw error;
    const message = messageOf(error);
    const to = await stateOf(context, subject);
    // The caller gets the first failure.
    recordChange({ ...context, report: () => undefined }, { verb, policy, from, to, result, message });
    throw error;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof PolicyRejected) return POLICY_CODE;
  if (error instanceof EnvironmentError) return error.code;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : 'XDPOL_E_INTERNAL';
}

export interface ChangeDone {
  readonly verb: string;
  readonly policy: string | null;
  readonly from: PolicyAt | null;
  readonly to: PolicyAt | null;
  readonly result?: string;
  readonly message?: string;
}

/** Now, by whom the context works for. */
export function recordChange({ store, report, asker }: HostContext, change: ChangeDone): void {
  const { verb, policy, from, to, result = 'ok', message = null } = change;
  try {
    const { who, uid, via } = asker;
    store.changes.add({ at: new Date().toISOString(), who, uid, via, verb, policy, from, to, result, message });
  } catch (error) {
    const why = messageOf(error);
    report({ kind: 'warning', text: `the change is not in the audit log: ${why}` });
  }
}

/** From the version before it to the one that was stored. */
function recordStored(context: HostContext, { policy, version, hash }: StoreOutcome): void {
  const before = context.store.versions(policy).findLast((one) => one.version < version);
  const from = before === undefined ? null : policyAt({ policy, version: before.version, hash: before.hash });
  recordChange(context, { verb: 'store', policy, from, to: { policy, version, hash } });
}

/** Something that the host did by itself, and that left the policy as it is. */
export async function recordDuty(context: HostContext, verb: string, message: string): Promise<void> {
  const now = await inForce(context);
  recordChange(context, { verb, policy: now?.policy ?? null, from: now, to: now, message });
}

/** The same operations; those that change something are recorded. */
export function recordChanges(context: HostContext, host: HostOperations): HostOperations {
  const record = <T>(subject: Subject, work: () => Promise<T>): Promise<T> => runRecorded(context, subject, work);
  return {
    ...host,
    apply(request) {
      if (request.dryRun === true) return host.apply(request);
      const policy = 'stored' in request.input ? request.input.stored : null;
      return record({ verb: 'apply', policy }, () => host.apply(request));
    },
    assign: (request) => record({ verb: 'assign', policy: request.name }, () => host.assign(request)),
    startAudit(request) {
      const policy = 'stored' in request.input ? request.input.stored : null;
      return record({ verb: 'apply --audit', policy }, () => host.startAudit(request));
    },
    endAudit: () => record({ verb: 'audit --end', policy: null }, () => host.endAudit()),
    confirm: () => record({ verb: 'confirm', policy: null }, () => host.confirm()),
    rollBack: () => record({ verb: 'rollback', policy: null }, () => host.rollBack()),
    unassign: () => record({ verb: 'unassign', policy: null }, () => host.unassign()),
    unassignInterface: (name) =>
      record({ verb: `unassign -i ${name}`, policy: null }, () => host.unassignInterface(name)),
    restore: (request) => record({ verb: 'restore', policy: null }, () => host.restore(request)),
    delete: (name) => record({ verb: 'delete', policy: name, isStoredOnly: true }, () => host.delete(name)),
    changeStored: (change) =>
      record(
        {
          verb: 'ipsecpol',
          policy: change.policy,
          isStoredOnly: change.assignment === undefined,
        },
        () => host.changeStored(change),
      ),
    // Members come and go by the thousand: each change of a set as a whole is recorded.
    changeSet(request) {
      if (request.change === 'add' || request.change === 'remove') return host.changeSet(request);
      return record({ verb: `set ${request.change} ${request.set}`, policy: null }, () => host.changeSet(request));
    },
    mend: (request) => record({ verb: 'doctor --fix', policy: null }, () => host.mend(request)),
    async store(request) {
      const outcome = await host.store(request);
      recordStored(context, outcome);
      return outcome;
    },
    changeDynamic: (change) => record({ verb: 'ipsecpol dynamic', policy: null }, () => host.changeDynamic(change)),
  };
}
