/** What every store asks of a put. */
import { assert } from '../base/assert.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { FleetStore, Put } from './fleet-store.ts';
import { MOST_PUTS, MOST_VALUE } from './fleet-store.ts';
import { isKey } from './record-keys.ts';

/** Sizes are looked at before anything is sent: etcd answers a request that is too large by ending the connection. */
export function requirePuts(puts: readonly Put[]): void {
  assert(puts.length > 0 && puts.length <= MOST_PUTS, `a put has 1 to ${MOST_PUTS} keys`);
  assert(new Set(puts.map(({ key }) => key)).size === puts.length, 'a put has each key once');
  for (const { key, value } of puts) {
    assert(isKey(key), `${key} is a key of the layout`);
    if ((value?.length ?? 0) <= MOST_VALUE) continue;
    throw new EnvironmentError(
      'XDPOL_E_FLEET_STORE',
      `${key} would have ${value?.length} bytes, at most ${MOST_VALUE} are kept`,
      {
        help: 'give an order fewer hosts or bans',
      },
    );
  }
}

/** Throws where another writer was first. */
export async function putOrThrow(store: FleetStore, puts: readonly Put[]): Promise<number> {
  const result = await store.put(puts);
  if (result.isDone) return result.revision;
  throw new EnvironmentError('XDPOL_E_FLEET_CONFLICT', `${result.key} was changed by somebody else just now`, {
    help: 'nothing was written: look at the new state, and run the command again',
  });
}
