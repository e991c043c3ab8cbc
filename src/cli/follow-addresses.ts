/**
 * `me` follows the host: when the addresses of the filtered interfaces are no longer those that the
 * policy in force was compiled with, it is put in force anew. What they were is in the kernel, so
 * nothing is missed while nobody looks.
 */
import { newestGeneration, readAttachments } from '../engine/attachment.ts';
import type { PolicyStore } from '../store/store.ts';
import { addressTexts, interfaceAddresses, presentInterfaces } from './host.ts';
import { filteredForRulesAlone, readOverlay } from './overlay.ts';
import { restoreStanding, standingPolicy } from './restore.ts';

/**
 * The addresses that `me` should stand for, where it stands for others. Without any address nothing changes: an interface
 * that is being set up again must not lose its filters.
 */
async function newAddresses(store: PolicyStore): Promise<readonly string[] | undefined> {
  const attachments = readAttachments();
  const inForce = newestGeneration(attachments);
  if (inForce?.me === undefined) return undefined;
  const assignment = store.assignment();
  const isStanding =
    assignment === undefined
      ? filteredForRulesAlone(store, attachments) && readOverlay(store).rules.length > 0
      : assignment.policy === inForce.policy;
  if (!isStanding) return undefined;
  const names = assignment?.interfaces ?? attachments.map((attachment) => attachment.name);
  const addresses = addressTexts(interfaceAddresses(await presentInterfaces(names)));
  return addresses.length === 0 || addresses.join() === inForce.me.join() ? undefined : addresses;
}

/** One look; a second one with the lock, before which another command may have changed what is in force. */
export async function followAddresses(store: PolicyStore, log: (line: string) => void): Promise<void> {
  if ((await newAddresses(store)) === undefined) return;
  using _lock = store.lock();
  const addresses = await newAddresses(store);
  if (addresses === undefined) return;
  const standing = await standingPolicy(store);
  const { generation } = await restoreStanding(store, standing, readOverlay(store).rules, 0);
  log(`me is now ${addresses.join(', ')}: ${standing.policy} in force, generation ${generation ?? 'none'}`);
}
