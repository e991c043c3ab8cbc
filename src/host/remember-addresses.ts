/** The addresses of the assigned policy's interfaces, for the next boot: also those that a policy did not ask for yet. */
import { LockHeld } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { presentInterfaces } from './interfaces.ts';
import { keepKnownHost, readKnownHost, withInterfaces } from './last-known.ts';

/** Another command that changes the host writes them itself. */
export async function rememberAddresses(context: HostContext): Promise<void> {
  const { store } = context;
  const assignment = store.assignment();
  if (assignment === undefined) return;
  const devices = await presentInterfaces(assignment.interfaces);
  try {
    using _lock = store.lockIfPossible(0);
    const before = readKnownHost(store);
    keepKnownHost(context, before, withInterfaces(before, devices, assignment.interfaces, new Date()));
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
  }
}
