/** `fleet status`, `diff`, `backup`, `restore`: how the fleet stands, and copies of it. */
import { readFileSync } from 'node:fs';
import { makeBackup, readBackup, restoreBackup } from '../../fleet/centre/archive.ts';
import { fleetError, requireKnown } from '../../fleet/centre/change.ts';
import { standingJson } from '../../fleet/centre/describe.ts';
import { hostsOf, takeSnapshot } from '../../fleet/centre/snapshot.ts';
import type { HostStanding } from '../../fleet/centre/states.ts';
import { allStandings } from '../../fleet/centre/states.ts';
import { EmbeddedStore } from '../../fleet/embedded/embedded-store.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import { writeDurably } from '../../store/durable.ts';
import { withWriteErrors, writeFailure } from '../../store/write-errors.ts';
import { CheckFailed } from '../exit.ts';
import { differenceTable, standingText } from '../render/fleet.ts';
import { print, printJson } from '../render/terminal.ts';
import type { StoreOptions } from './centre-folder.ts';
import { openStore } from './centre-folder.ts';
import { differencesText } from './differences.ts';
import { requireTarget } from './orders.ts';
import { readFailure } from './read-failure.ts';
import type { JsonOptions } from './set-up.ts';

type Options = StoreOptions & JsonOptions;

async function standings(store: FleetStore, target: string): Promise<readonly HostStanding[]> {
  const snapshot = await takeSnapshot(store);
  const wanted = requireTarget(target);
  requireKnown(snapshot, wanted);
  const hosts = new Set(hostsOf(snapshot, wanted));
  if (hosts.size === 0 && target !== 'fleet')
    throw fleetError(
      `${target} has no host`,
      `see which there are: xdpol fleet status; or put one in: xdpol fleet host`,
    );
  return allStandings(snapshot, Date.now()).filter(({ host }) => hosts.has(host));
}

export async function status(target: string | undefined, options: Options): Promise<void> {
  await using store = openStore(options);
  const found = await standings(store, target ?? 'fleet');
  if (options.json === true) printJson({ hosts: found.map(standingJson) });
  else if (found.length === 0) print('the fleet has no host: xdpol fleet host NAME');
  else print(standingText(found, Date.now()));
}

/** Exit code 3 where a host has something else in force than was ordered. */
export async function diff(target: string, options: Options): Promise<void> {
  await using store = openStore(options);
  const all = await standings(store, target);
  const found = all.filter(({ state }) => state !== 'in-sync');
  if (options.json === true) printJson({ hosts: found.map(standingJson) });
  else if (found.length > 0) print(`${differenceTable(found)}${await differencesText(store, found)}`);
  else print(`${target}: ${all.length} hosts have what was ordered in force`);
  if (found.length > 0) throw new CheckFailed();
}

export async function backup(file: string, options: Options): Promise<void> {
  await using store = openStore(options);
  const { content, keys } = await makeBackup(store);
  withWriteErrors(file, () => writeDurably(file, content));
  if (options.json === true) printJson({ file, keys, bytes: content.length });
  else
    print(
      `${file}: ${keys} keys, ${content.length} bytes; keys and certificates are not in it: copy the folder of the fleet too`,
    );
}

export async function restore(
  file: string,
  { store: folder, json }: JsonOptions & { readonly store: string },
): Promise<void> {
  let content: Uint8Array;
  try {
    content = readFileSync(file);
  } catch (cause) {
    throw readFailure(file, cause, 'name the file that xdpol fleet backup wrote');
  }
  const entries = readBackup(file, content);
  await using store = withWriteErrors(folder, () => new EmbeddedStore(folder));
  const keys = await restoreBackup(store, entries).catch((error: unknown) => {
    throw writeFailure(folder, error);
  });
  if (json === true) printJson({ store: folder, keys });
  else print(`${folder}: ${keys} keys are back; hosts that follow a front of it are told everything anew`);
}
