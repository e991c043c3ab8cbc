/**
 * `me` follows the host: when the addresses of the filtered interfaces are no longer those that the
 * policy in force was compiled with, it is put in force anew. What they were is in the kernel, so
 * nothing is missed while nobody looks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { newestGeneration, readAttachments } from '../engine/attachment.ts';
import { explainFailure } from '../engine/failure.ts';
import type { PolicyStore } from '../store/store.ts';
import { addressTexts, interfaceAddresses, presentInterfaces } from './host.ts';
import { restoreAssigned } from './restore.ts';

const POLL_MS = 2000;

interface Following {
  readonly store: PolicyStore;
  /** Takes one line, for the journal. */
  readonly log: (line: string) => void;
}

/**
 * One look. Without any address nothing changes: an interface that is being set up again must not
 * lose its filters.
 */
export async function followOnce({ store, log }: Following): Promise<void> {
  const inForce = newestGeneration(readAttachments());
  const assignment = store.assignment();
  if (inForce?.me === undefined || assignment?.policy !== inForce.policy) return;
  const devices = await presentInterfaces(assignment.interfaces);
  const addresses = addressTexts(interfaceAddresses(devices));
  if (addresses.length === 0 || addresses.join() === inForce.me.join()) return;
  using _lock = store.lock();
  const { generation } = await restoreAssigned(store, assignment, 0);
  log(`me is now ${addresses.join(', ')}: ${assignment.policy} in force, generation ${generation ?? 'none'}`);
}

/** Looks every two seconds until `stop`. A failure leaves the policy in force, is said once and tried again. */
export async function followAddresses(following: Following, stop: AbortSignal): Promise<void> {
  let said = '';
  while (!stop.aborted) {
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    try {
      await followOnce(following);
      said = '';
    } catch (error) {
      const explained = explainFailure(error);
      const message = explained instanceof Error ? explained.message : String(explained);
      if (message !== said) following.log(`cannot follow the addresses: ${message}`);
      said = message;
    }
  }
}
