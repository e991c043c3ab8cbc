/** What the holder of a certificate may ask for. TLS has checked that it is of the authority, valid and not revoked. */
import type { TLSSocket } from 'node:tls';
import { roleOf } from '../../api/credentials.ts';
import type { RouteName } from '../../api/routes.ts';
import { ROUTES } from '../../api/routes.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Role } from '../../base/roles.ts';
import { roleCovers } from '../../base/roles.ts';

/** The purpose of a certificate that servers may show: OID of RFC 5280. */
const SERVER = '1.3.6.1.5.5.7.3.1';

/** By the name in the certificate; undefined: the role that the certificate has. */
export type ConfiguredRoles = ReadonlyMap<string, Role> | undefined;

export interface Caller {
  readonly name: string;
  /** undefined: none. */
  readonly role: Role | undefined;
}

/** Throws EnvironmentError where the certificate has no name, is a host's, or has ended since the connection was made. */
export function remoteCaller(socket: TLSSocket, roles: ConfiguredRoles): Caller {
  const certificate = socket.getPeerCertificate();
  const name: unknown = certificate.subject?.CN;
  if (!socket.authorized || typeof name !== 'string' || name === '') {
    throw new EnvironmentError('XDPOL_E_ROLE', 'the certificate names nobody', { help: 'use one with a common name' });
  }
  if (certificate.ext_key_usage?.includes(SERVER) === true) {
    throw new EnvironmentError('XDPOL_E_ROLE', `the certificate of ${name} is a host's, and a host is no operator`, {
      help: `ask with the certificate of an operator, which is for clients alone: xdpol pki issue operator NAME`,
    });
  }
  if (Date.parse(certificate.valid_to) <= Date.now()) {
    throw new EnvironmentError('XDPOL_E_ROLE', `the certificate of ${name} has ended`, {
      help: `where the authority is: xdpol pki renew ${name}`,
    });
  }
  return { name, role: roles === undefined ? roleOf(certificate.subjectaltname ?? '') : roles.get(name) };
}

/** `name` is null for the description of the routes, which everybody may read who has a role. */
export function requireRole({ name: who, role }: Caller, name: RouteName | null): void {
  const needed = name === null ? 'viewer' : ROUTES[name].role;
  if (role !== undefined && roleCovers(role, needed)) return;
  const has = role === undefined ? 'has no role on this host' : `is ${role} on this host`;
  throw new EnvironmentError('XDPOL_E_ROLE', `${who} ${has}, and ${name ?? 'this'} needs ${needed}`, {
    help: 'an administrator of the host gives roles: api.roles in /etc/xdpol/config.yaml, see docs/remote.md',
  });
}
