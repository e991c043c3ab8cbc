/** One interface taken out of the assignment; the others stay filtered. */
import { EnvironmentError } from '../base/environment-error.ts';
import { markEndedOnPurpose, unmarkEndedOnPurpose } from '../engine/bpffs.ts';
import { surveyAttachments } from '../engine/survey.ts';
import { isInterfacePattern, matchesInterface } from '../policy/interface-pattern.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { endFilteringOn } from './end-filtering.ts';
import { describePending, readPendingChange } from './pending-change.ts';
import { attachingOf } from './put-in-force.ts';
import type { UnassignOutcome } from './unassign-policy.ts';
import { endEverything } from './unassign-policy.ts';

/** Where it is the only one, everything ends. */
export function unassignInterface({ store }: HostContext, name: string): UnassignOutcome {
  using _lock = store.lockIfPossible();
  const { attachments, strays } = surveyAttachments();
  const assignment = readAssignment(store);
  const filtered = attachments.map((attachment) => attachment.name);
  const known = [...new Set([...filtered, ...(assignment?.interfaces ?? [])])];
  if (!known.includes(name) && !strays.some((stray) => stray.name === name)) throw notFiltered(name, known);
  requireNothingPending(name);
  const others = (assignment?.interfaces ?? []).filter((other) => other !== name);
  const pattern = others.find((other) => isInterfacePattern(other) && matchesInterface(other, name));
  if (pattern !== undefined) throw meantByPattern(name, pattern);
  const isOther = (one: string): boolean => others.some((other) => matchesInterface(other, one));
  const ending = filtered.filter((one) => matchesInterface(name, one) && !isOther(one));
  if (known.every((other) => other === name || ending.includes(other))) return endEverything(store);
  markEndedOnPurpose();
  const notes = [...new Set([name, ...ending])].flatMap(endFilteringOn);
  const failures = assignment?.interfaces.includes(name) === true ? assignWithout(store, assignment, name) : [];
  if (failures.length === 0) unmarkEndedOnPurpose();
  const remaining = surveyAttachments().attachments.map((attachment) => attachment.name);
  const ended = isInterfacePattern(name) ? ending : [name];
  const policy = assignment?.policy ?? null;
  return {
    policy,
    interfaces: ended.filter((one) => !remaining.includes(one)),
    remaining,
    dynamic: [],
    notes,
    failures,
  };
}

/** undefined also where it cannot be known: this is a way out. */
function readAssignment(store: PolicyStore): Assignment | undefined {
  try {
    return store.assignment();
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}

/** The policy itself stays as it is, and so does every other interface. Returns what the store did not take. */
function assignWithout(store: PolicyStore, assignment: Assignment, name: string): readonly string[] {
  const isOther = (other: string): boolean => other !== name;
  const { policy, version, hash, mode, ingressOnly, tcx = [] } = assignment;
  const how = attachingOf({ mode, ingressOnly, tcx: tcx.filter(isOther) });
  const interfaces = assignment.interfaces.filter(isOther);
  try {
    store.assign({ policy, version, hash, interfaces, ...how, at: new Date().toISOString() });
    return [];
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return [`${error.message}: ${name} is still assigned, and the next boot filters it again`];
  }
}

function requireNothingPending(name: string): void {
  const waiting = readPendingChange();
  if (waiting === undefined) return;
  const message = `${describePending(waiting)} waits to be confirmed, so ${name} cannot be taken out now`;
  throw new EnvironmentError('XDPOL_E_CONFIRM_FIRST', message, {
    help: 'decide it first: xdpol confirm, or xdpol rollback; to end all filtering at once: xdpol unassign',
  });
}

function meantByPattern(name: string, pattern: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_NOT_FILTERED', `${name} is filtered because it matches ${pattern}`, {
    help: `take out all that match: xdpol unassign -i '${pattern}'; then apply on those that are to stay`,
  });
}

function notFiltered(name: string, known: readonly string[]): EnvironmentError {
  return new EnvironmentError('XDPOL_E_NOT_FILTERED', `${name} is not filtered, and not assigned`, {
    help: known.length === 0 ? 'no interface is' : `these are: ${known.toSorted().join(', ')}`,
  });
}
