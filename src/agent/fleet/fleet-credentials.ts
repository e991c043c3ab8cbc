/** Who this host is in its fleet, and whose orders it takes. */
import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { readCredential } from '../../api/credentials.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { FLEET_FILES } from '../../fleet/front-routes.ts';
import type { TrustedKeys } from '../../fleet/signing.ts';
import { readPublicKey, trustedKeys } from '../../fleet/signing.ts';
import type { HostConfig } from '../../host/config.ts';
import type { FrontTls } from './front-connection.ts';

export interface FleetCredentials {
  /** For a client. */
  readonly tls: FrontTls;
  /** By the certificate. */
  readonly host: string;
  readonly keys: TrustedKeys;
}

const HELP = 'xdpol fleet join writes the files that a host of a fleet needs: see docs/fleet.md';
/** Permission bits of a key that others than its owner must not have. */
const OTHERS = 0o077;

/** Throws EnvironmentError where a file is missing or damaged, or no key is known that an order could be signed with. */
export function readFleetCredentials({ credentials: folder, operators }: HostConfig['fleet']): FleetCredentials {
  const read = (name: string): string => readCredential(folder, name, { help: HELP });
  const [ca, crl, cert, key] = [
    read(FLEET_FILES.authority),
    read(FLEET_FILES.revoked),
    read(FLEET_FILES.certificate),
    read(FLEET_FILES.key),
  ];
  if ((statSync(join(folder, FLEET_FILES.key)).mode & OTHERS) !== 0) {
    throw refuse(`others than its owner may read ${join(folder, FLEET_FILES.key)}`);
  }
  const texts = operators === undefined ? linesOf(read(FLEET_FILES.operators)) : [...operators.values()];
  const wrong = texts.find((text) => readPublicKey(text) === undefined);
  if (wrong !== undefined) throw refuse(`"${wrong}" is no public key of an operator`);
  if (texts.length === 0) throw refuse('no public key of an operator is known, so no order can be taken');
  const tls = { ca, crl, cert, key, minVersion: 'TLSv1.3' } as const;
  return { tls, host: nameIn(tls, folder), keys: trustedKeys(texts) };
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function nameIn(tls: FrontTls, folder: string): string {
  try {
    createSecureContext(tls);
    const name = /^CN=(?<name>.*)$/mu.exec(new X509Certificate(tls.cert).subject)?.groups?.['name'];
    if (name !== undefined) return name;
  } catch {
    // Told below.
  }
  throw refuse(`the files of ${folder} are damaged or of different hosts`);
}

function refuse(message: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_CREDENTIALS', message, { help: HELP });
}
