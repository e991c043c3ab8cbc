/** `fleet console`: the console of the fleet, beside the operator's folder. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { fleetConsoleServer } from '../../agent/console/fleet-console.ts';
import { CREDENTIAL_FILES, roleOf } from '../../api/credentials.ts';
import type { WireText } from '../../api/wire.ts';
import { decodeInput } from '../../api/wire.ts';
import type { Role } from '../../base/roles.ts';
import { publishPolicy } from '../../fleet/centre/change.ts';
import { FleetDesk } from '../../fleet/centre/desk.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import { KEYS } from '../../fleet/record-keys.ts';
import type { PolicyRecord } from '../../fleet/records.ts';
import type { PolicyTextInput } from '../../host/policy-input.ts';
import type { AnnounceOptions } from '../announce-console.ts';
import { warn } from '../render/terminal.ts';
import { serveConsole } from '../serve-console.ts';
import { bundleOf, publisher } from './bundles.ts';
import type { StoreOptions } from './centre-folder.ts';
import { CENTRE, centreKey, openStore, readCentre } from './centre-folder.ts';

export type FleetConsoleOptions = StoreOptions & AnnounceOptions;

/** What the front would let this operator do; who has the files of the store may do everything. */
function ownRole({ dir, store }: StoreOptions): Role {
  if (store !== undefined) return 'administrator';
  const pem = readCentre(join(dir, CENTRE.operator), CREDENTIAL_FILES.operator.certificate);
  return roleOf(new X509Certificate(pem).subjectAltName ?? '') ?? 'viewer';
}

async function publish(store: FleetStore, wire: WireText): Promise<PolicyRecord> {
  const { policy, bytes } = await bundleOf(decodeInput(wire) as PolicyTextInput, () => undefined);
  return await publishPolicy(store, policy, bytes, publisher());
}

/** Until it is ended, or its session is over. */
export async function fleetConsole(options: FleetConsoleOptions): Promise<void> {
  await using store = openStore(options);
  // Before anything is printed: a folder without a front says so.
  await store.get(KEYS.epoch);
  const warned = (message: string): void => warn(`warning: ${message}`);
  await using desk = new FleetDesk({ store, readKey: () => centreKey(options), warn: warned });
  const log = { error: warned };
  const server = fleetConsoleServer({ desk, store, publish: (policy) => publish(store, policy), log });
  await serveConsole(server, ownRole(options), options);
}
