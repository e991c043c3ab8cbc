/**
 * `me` follows the host: when the addresses of the filtered interfaces are no longer those that the
 * policy in force was compiled with, it is put in force anew. What they were is in the kernel, so
 * nothing is missed while nobody looks.
 */
import type { PolicyStore } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { addressTexts } from './host-addresses.ts';
import { findIntendedInForce } from './intended-in-force.ts';
import { presentInterfaces } from './interfaces.ts';
import { readKnownHost, recallAddresses } from './last-known.ts';
import { restoreNow } from './restore-now.ts';

/**
 * The addresses that `me` should stand for, where it stands for others. An interface that has none at the moment keeps
 * those that it had last: while it is being set up again it must not lose its filters.
 */
async function findNewAddresses(store: PolicyStore): Promise<readonly string[] | undefined> {
  const intended = findIntendedInForce(store);
  const me = intended?.inForce.me;
  if (intended === undefined || me === undefined) return undefined;
  const devices = await presentInterfaces(intended.interfaces);
  const addresses = addressTexts(recallAddresses(devices, readKnownHost(store), new Date()).addresses);
  return addresses.length === 0 || addresses.join() === me.join() ? undefined : addresses;
}

export interface FollowedAddresses {
  /** What `me` stands for now. */
  readonly addresses: readonly string[];
  readonly policy: string | null;
  readonly generation: number | null;
}

/**
 * One look; a second one with the lock, before which another command may have changed what is in force. undefined where
 * nothing had to change.
 */
export async function followAddresses(context: HostContext): Promise<FollowedAddresses | undefined> {
  const { store } = context;
  if ((await findNewAddresses(store)) === undefined) return undefined;
  // Nothing of the store is changed, so a disk that takes no lock file must not keep a new address open.
  using _lock = store.lockIfPossible();
  const addresses = await findNewAddresses(store);
  if (addresses === undefined) return undefined;
  const { policy, generation } = await restoreNow(context);
  return { addresses, policy, generation };
}
