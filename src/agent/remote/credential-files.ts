/** The files with which this host proves who it is and checks who asks; read anew when they change. */
import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { CREDENTIAL_FILES, readCredential } from '../../api/credentials.ts';
import { EnvironmentError } from '../../base/environment-error.ts';

const { authority, revoked, host } = CREDENTIAL_FILES;
const NAMES = [authority, revoked, host.certificate, host.key] as const;

/** Permission bits of a key that others than its owner must not have. */
const OTHERS = 0o077;

export interface HostCredentials {
  /** For a server that asks for a certificate. */
  readonly tls: SecureContextOptions;
  /** The name in the certificate of this host. */
  readonly name: string;
}

const HELP = 'take the files of holders/NAME there that xdpol pki issue host NAME has made: see docs/remote.md';

function requirePrivate(folder: string): void {
  const path = join(folder, host.key);
  if ((statSync(path).mode & OTHERS) === 0) return;
  throw new EnvironmentError('XDPOL_E_CREDENTIALS', `others than its owner may read ${path}`, {
    help: `take their rights away: chmod 600 ${path}`,
  });
}

/**
 * Throws EnvironmentError where a file is missing or damaged. The list of revoked certificates must be there: without it
 * one that was revoked would be taken.
 */
export function readHostCredentials(folder: string): HostCredentials {
  const [ca, crl, cert, key] = NAMES.map((name) => readCredential(folder, name, { help: HELP }));
  requirePrivate(folder);
  const tls = { ca, crl, cert, key, minVersion: 'TLSv1.3' } as const;
  try {
    createSecureContext(tls);
    const subject = new X509Certificate(cert ?? '').subject;
    return { tls, name: /^CN=(?<name>.*)$/mu.exec(subject)?.groups?.['name'] ?? 'unnamed' };
  } catch (cause) {
    throw new EnvironmentError('XDPOL_E_CREDENTIALS', `the files of ${folder} are damaged or of different holders`, {
      help: `see which: openssl x509 -noout -subject -in ${join(folder, host.certificate)}; take all four there again`,
      cause,
    });
  }
}

/** Changes where any of the files does. */
export function credentialsStamp(folder: string): string {
  const stamps = NAMES.map((name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return stat === undefined ? 'none' : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
  });
  return stamps.join(', ');
}
