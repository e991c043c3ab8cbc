/** A policy out of the store. */
import { EnvironmentError } from '../base/environment-error.ts';
import { removeCountersBut } from '../engine/leftovers.ts';
import type { HostContext } from './context.ts';
import { readPendingChange } from './pending-change.ts';
import { notStored } from './stored-policies.ts';

export interface DeleteOutcome {
  readonly policy: string;
  /** Numbers of those that were stored. */
  readonly versions: readonly number[];
  /** Interfaces whose counters were removed: they are not filtered, and no policy that is still stored ever counted there. */
  readonly unpinned: readonly string[];
}

export function deletePolicy(context: HostContext, name: string): DeleteOutcome {
  const { store } = context;
  using _lock = store.lock();
  const versions = store.versions(name);
  if (!store.list().includes(name)) throw notStored(context, name);
  requireNotWaiting(name);
  store.delete(name);
  const unpinned = removeCountersBut(store.list());
  return { policy: name, versions: versions.map(({ version }) => version), unpinned };
}

function requireNotWaiting(name: string): void {
  const waiting = readPendingChange();
  if (waiting?.policy !== name) return;
  throw new EnvironmentError('XDPOL_E_ASSIGNED', `${name} waits to be confirmed, so it cannot be deleted`, {
    help: 'take it back first: xdpol rollback; or keep it: xdpol confirm',
  });
}
