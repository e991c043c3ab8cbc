/** The original's commands on stored policies: a rule added or deleted, and the policy assigned, in one durable step. */
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import { removeCountersBut } from '../engine/leftovers.ts';
import type { StoredCommand } from '../formats/ipsecpol/command.ts';
import type { TextEdit } from '../formats/ipsecpol/edit.ts';
import { countFilters, editPolicyText, newPolicyText } from '../formats/ipsecpol/edit.ts';
import { storedFiles } from '../formats/named-file.ts';
import { readPolicy } from '../formats/yaml/policy-reader.ts';
import type { PolicyText } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { endFiltering } from './end-filtering.ts';
import { lastAttaching, usualInterfaces } from './intended-policy.ts';
import { interfaceGroup } from './interface-groups.ts';
import { noteEndedRules } from './overlay.ts';
import { isPrivileged, requireCapabilities } from './privileges.ts';
import type { AssignedInForce } from './put-assigned.ts';
import { putAssignedInForce } from './put-assigned.ts';

/** A change of a stored policy's text, and of whether it is assigned. */
export interface StoredChange extends Pick<StoredCommand, 'policy' | 'change' | 'assignment'> {
  /** Seconds: where it becomes assigned, it goes back unless that is confirmed in time. */
  readonly confirm?: number | undefined;
  /** Where it becomes assigned, also where it ends what the host does now. */
  readonly force?: boolean | undefined;
}

export type StoredChangeResult =
  /** Where it is assigned, or becomes so. */
  | { readonly kind: 'in-force'; readonly inForce: AssignedInForce }
  | { readonly kind: 'stored' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unassigned'; readonly interfaces: readonly string[] }
  /** It was to be unassigned and another one is assigned, or none. */
  | { readonly kind: 'not-assigned'; readonly assigned: string | null }
  /** The interfaces that it was in force on; null where it was not assigned. */
  | { readonly kind: 'deleted'; readonly interfaces: readonly string[] | null };

export interface StoredChangeOutcome {
  readonly policy: string;
  readonly result: StoredChangeResult;
  readonly notes: readonly string[];
}

/** What was edited is reported as steps when it is stored. */
export async function changeStoredPolicy(context: HostContext, command: StoredChange): Promise<StoredChangeOutcome> {
  const { store } = context;
  const { policy, change, assignment } = command;
  using _lock = store.lock();
  if (change.kind === 'delete-policy') return deletePolicy(context, policy);
  const before = store.read(policy);
  const isNeeded = change.kind === 'delete-rules' || (change.kind === 'none' && assignment !== undefined);
  if (before === undefined && isNeeded) throw noSuchPolicy(context, policy);
  const isAssigned = store.assignment()?.policy === policy;
  if (isAssigned || assignment === 'assign') requireCapabilities('ipsecpol');
  const edited = editStored(context, command, before);
  if (edited !== undefined) store.write(policy, edited.after);
  for (const text of edited?.steps ?? []) context.report({ kind: 'step', text });
  if (assignment === 'unassign') return unassign(context, policy, isAssigned);
  if (assignment === 'assign' || isAssigned) return await assign(context, command, isAssigned ? before : undefined);
  return { policy, result: { kind: edited === undefined ? 'unchanged' : 'stored' }, notes: [] };
}

function noSuchPolicy({ store }: HostContext, policy: string): EnvironmentError {
  const known = store.list();
  return new EnvironmentError('XDPOL_E_NOT_STORED', `there is no stored policy "${policy}"`, {
    help: known.length === 0 ? 'none is stored; -r, -f and -n make one' : `stored are: ${known.join(', ')}`,
  });
}

interface EditedPolicy {
  readonly after: PolicyText;
  /** For the user, once it is stored. */
  readonly steps: readonly string[];
}

/** The policy with the change made, read without errors; undefined where there is nothing to change. */
function editStored(
  { store }: HostContext,
  { policy, change }: StoredChange,
  before: PolicyText | undefined,
): EditedPolicy | undefined {
  const text = before?.text ?? newPolicyText(policy);
  const edit = editOf(store.directory, change);
  if (edit === undefined) return before === undefined ? { after: { text, setFiles: new Map() }, steps: [] } : undefined;
  const edited = editPolicyText(text, edit);
  if (edited === undefined) {
    throw new EnvironmentError('XDPOL_E_NOT_EDITABLE', `the text of "${policy}" cannot be added to`, {
      help: `change it by hand: xdpol show "${policy}" > policy.yaml, then xdpol apply policy.yaml`,
    });
  }
  if (edit.kind === 'delete') requireRules(policy, edit.rules, edited.replaced);
  const after = { text: edited.text, setFiles: before?.setFiles ?? new Map<string, Uint8Array>() };
  requireReadable(policy, after);
  return { after, steps: stepsOf(policy, edit, edited.replaced) };
}

function editOf(stateDirectory: string, change: StoredChange['change']): TextEdit | undefined {
  if (change.kind === 'delete-rules') return { kind: 'delete', rules: change.rules };
  if (change.kind !== 'add') return undefined;
  const { rule, rules, group } = change;
  return { kind: 'add', rule, rules, interfaces: group && interfaceGroup(stateDirectory, group) };
}

function requireRules(policy: string, wanted: readonly string[], found: readonly string[]): void {
  const missing = wanted.filter((name) => !found.some((rule) => rule === name || rule.startsWith(`${name} `)));
  if (missing.length === 0) return;
  throw new EnvironmentError('XDPOL_E_NO_RULE', `"${policy}" has no rule "${missing.join('", "')}"`, {
    help: `its rules: xdpol show "${policy}"`,
  });
}

function stepsOf(policy: string, edit: TextEdit, replaced: readonly string[]): readonly string[] {
  if (edit.kind === 'delete') return [`${policy}: deleted: ${replaced.join(', ')}`];
  return edit.rules.map((rule) => {
    const { name, action } = rule;
    const count = countFilters(rule);
    const filters = `${count} ${count === 1 ? 'filter' : 'filters'}`;
    return `${policy}: rule "${name}" ${replaced.includes(name) ? 'replaced' : 'added'}: ${action}, ${filters}`;
  });
}

/** Before it is stored: a policy that cannot be read would be found only when it is to be assigned. */
function requireReadable(name: string, { text, setFiles }: PolicyText): void {
  const diags = new Diagnostics();
  readPolicy({ file: name, text, readSetFile: storedFiles(setFiles) }, diags);
  if (diags.failed) throw new PolicyRejected(diags.all);
}

/**
 * `before` is given where the policy is in force already: a change that cannot be put in force is taken back, so that
 * the store has what is.
 */
async function assign(
  context: HostContext,
  { policy, confirm, force: isForced }: StoredChange,
  before: PolicyText | undefined,
): Promise<StoredChangeOutcome> {
  const { store } = context;
  const usual = await usualInterfaces(store);
  const attaching = lastAttaching(store);
  try {
    const stored = store.read(policy);
    const input = { stored: policy };
    const how = { usual, attaching, confirm, isForced };
    const inForce = await putAssignedInForce(context, { input, stored, interfaces: [], ...how });
    return { policy, result: { kind: 'in-force', inForce }, notes: inForce.notes };
  } catch (error) {
    if (before !== undefined) {
      store.write(policy, before);
      const text = `${policy}: taken back; the policy as it was before stays in force`;
      context.report({ kind: 'warning', text });
    }
    throw error;
  }
}

function unassign({ store }: HostContext, policy: string, isAssigned: boolean): StoredChangeOutcome {
  if (!isAssigned) {
    const assigned = store.assignment()?.policy ?? null;
    return { policy, result: { kind: 'not-assigned', assigned }, notes: [] };
  }
  const { interfaces, rules, notes, failures } = endFiltering(store);
  return {
    policy,
    result: { kind: 'unassigned', interfaces },
    notes: [...notes, ...failures, ...noteEndedRules(rules)],
  };
}

function deletePolicy(context: HostContext, policy: string): StoredChangeOutcome {
  const { store } = context;
  const isAssigned = store.assignment()?.policy === policy;
  if (store.read(policy) === undefined && !isAssigned) throw noSuchPolicy(context, policy);
  if (isAssigned) requireCapabilities('ipsecpol');
  const ended = isAssigned ? endFiltering(store) : undefined;
  store.delete(policy);
  if (isPrivileged()) removeCountersBut(store.list());
  const notes = ended === undefined ? [] : [...ended.notes, ...ended.failures, ...noteEndedRules(ended.rules)];
  return { policy, result: { kind: 'deleted', interfaces: ended?.interfaces ?? null }, notes };
}
