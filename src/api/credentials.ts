/** How hosts and operators prove over the network who they are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Role } from '../base/roles.ts';
import { isRole } from '../base/roles.ts';

/** Before the role in the certificate of an operator: one of its alternative names, a URI. */
export const ROLE_URI = 'urn:xdpol:role:';

/** Of the alternative names of a certificate, as Node writes them; undefined where they have no role, or several. */
export function roleOf(alternativeNames: string): Role | undefined {
  const [role, ...more] = alternativeNames
    .split(', ')
    .filter((name) => name.startsWith(`URI:${ROLE_URI}`))
    .map((name) => name.slice(`URI:${ROLE_URI}`.length));
  return role !== undefined && more.length === 0 && isRole(role) ? role : undefined;
}

/** In the folder of whoever proves with them who he is: a host's agent, or an operator. */
export const CREDENTIAL_FILES = {
  authority: 'ca.crt',
  revoked: 'crl.pem',
  host: { certificate: 'host.crt', key: 'host.key' },
  operator: { certificate: 'operator.crt', key: 'operator.key' },
} as const;

/** A file of a folder of credentials, as text. `why` stands before the path in the message, `help` says where to get it. */
export function readCredential(
  folder: string,
  name: string,
  { why = '', help }: { why?: string; help: string },
): string {
  const path = join(folder, name);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message = `${why}${path} cannot be read: ${code ?? String(cause)}`;
    throw new EnvironmentError('XDPOL_E_CREDENTIALS', message, { help, cause });
  }
}
