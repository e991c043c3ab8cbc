/** The folder of a fleet's centre: its authority, the operator's signing key, what a front needs, and the store. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { CREDENTIAL_FILES, readCredential } from '../../api/credentials.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import { EmbeddedStore } from '../../fleet/embedded/embedded-store.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import { FRONT_PORT } from '../../fleet/front-routes.ts';
import { FrontStore } from '../../fleet/front-store.ts';
import type { SigningKey, TrustedKeys } from '../../fleet/signing.ts';
import { readSigningKey, trustedKeys } from '../../fleet/signing.ts';
import { withWriteErrors } from '../../store/write-errors.ts';
import { UsageError } from '../exit.ts';

export const CENTRE = {
  pki: 'pki',
  key: 'signing.key',
  operators: 'operators',
  front: 'front',
  operator: 'operator',
  store: 'store',
  url: 'front.url',
} as const;

export interface FolderOptions {
  readonly dir: string;
}

export interface StoreOptions extends FolderOptions {
  readonly front?: string;
  readonly store?: string;
}

export function folderOption(): Option {
  return new Option('--dir <folder>', 'of the fleet: keys, certificates and store')
    .env('XDPOL_FLEET_DIR')
    .default('/etc/xdpol/centre');
}

export function storeOptions(): readonly Option[] {
  return [
    folderOption(),
    // Commander would take the variable for the option, and refuse --store beside it.
    new Option('--front <url>', 'ask this front (default: XDPOL_FRONT, or the one that fleet init named)'),
    new Option('--store <folder>', 'use the files of a store directly, while no front does').conflicts('front'),
  ];
}

/** https://HOST:PORT of what people write. Throws UsageError. */
export function frontUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  const isBare = url?.protocol === 'https:' && url.hostname !== '' && url.pathname === '/' && url.search === '';
  if (url === null || !isBare)
    throw new UsageError(`"${text}" is not the address of a front`, 'write https://HOST:PORT');
  const port = /:443\/?$/u.test(text) ? '443' : url.port || String(FRONT_PORT);
  return `https://${url.hostname}:${port}`;
}

const HELP = 'name the folder of the fleet: --dir; or make a fleet: xdpol fleet init';

export function readCentre(dir: string, name: string): string {
  return readCredential(dir, name, { help: HELP });
}

/** The keys of the folder that an operator or a front proves with who he is. */
export function readTls(
  folder: string,
  kind: 'host' | 'operator',
): { ca: string; crl: string; cert: string; key: string } {
  const { authority, revoked } = CREDENTIAL_FILES;
  const read = (name: string): string => readCredential(folder, name, { help: HELP });
  const { certificate, key } = CREDENTIAL_FILES[kind];
  return { ca: read(authority), crl: read(revoked), cert: read(certificate), key: read(key) };
}

/** A store that is there: only init and restore make one. */
export function openFolder(folder: string): EmbeddedStore {
  if (!EmbeddedStore.isIn(folder)) {
    throw new EnvironmentError('XDPOL_E_FLEET_STORE', `there is no store in ${folder}`, {
      help: 'name the folder store in the folder of the fleet; or make one: xdpol fleet init, xdpol fleet restore',
    });
  }
  return withWriteErrors(folder, () => new EmbeddedStore(folder));
}

/** Ends with its scope. */
export function openStore({ dir, front, store }: StoreOptions): FleetStore {
  if (store !== undefined) return openFolder(store);
  if (!existsSync(dir))
    throw new EnvironmentError('XDPOL_E_FLEET_STORE', `there is no fleet in ${dir}`, { help: HELP });
  const url = front ?? process.env['XDPOL_FRONT'] ?? readCentre(dir, CENTRE.url).trim();
  return new FrontStore(frontUrl(url), { ...readTls(join(dir, CENTRE.operator), 'operator'), minVersion: 'TLSv1.3' });
}

export function readKey(path: string): SigningKey {
  try {
    const key = readSigningKey(readFileSync(path, 'utf8'));
    if (key !== undefined) return key;
  } catch (cause) {
    throw new EnvironmentError('XDPOL_E_CREDENTIALS', `cannot read the signing key ${path}: ${messageOf(cause)}`, {
      help: HELP,
      cause,
    });
  }
  throw new EnvironmentError('XDPOL_E_CREDENTIALS', `${path} is no private key of ed25519`, { help: HELP });
}

/** Of the operators whose orders the hosts take; undefined where this folder does not say. */
export function operatorsOf({ dir }: FolderOptions): TrustedKeys | undefined {
  if (!existsSync(join(dir, CENTRE.operators))) return undefined;
  return trustedKeys(readCentre(dir, CENTRE.operators).split('\n'));
}

/** Throws where hosts would refuse what it signs. */
export function centreKey({ dir }: FolderOptions): SigningKey {
  const path = join(dir, CENTRE.key);
  const key = readKey(path);
  if (operatorsOf({ dir })?.has(key.id) !== false) return key;
  throw new EnvironmentError('XDPOL_E_CREDENTIALS', `${path} is none of the keys in ${join(dir, CENTRE.operators)}`, {
    help: 'hosts refuse what it signs: sign with the key of an operator, or add its public key there and on every host',
  });
}
