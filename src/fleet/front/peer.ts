/** Who asks a front, by the certificate alone. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { roleOf } from '../../api/credentials.ts';
import type { Role } from '../../base/roles.ts';
import { isName } from '../fleet-names.ts';

export interface HostPeer {
  readonly kind: 'host';
  readonly name: string;
  /** Of its certificate. */
  readonly fingerprint: string;
}

export type Peer =
  | HostPeer
  | { readonly kind: 'operator'; readonly name: string; readonly role: Role }
  | { readonly kind: 'anyone' };

/** The purpose of certificates that servers show, and so hosts: OID of RFC 5280. An operator's is for clients alone. */
const SERVER = '1.3.6.1.5.5.7.3.1';

/** SHA-256 as the records of hosts have it. */
function fingerprintOf(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

/** What a connection has shown, and until when it counts: Unix time in milliseconds. */
interface Shown {
  readonly peer: Peer | undefined;
  readonly until: number;
}

/** Reading a certificate takes as long as the rest of a short request. */
const shown = new WeakMap<TLSSocket, Shown>();

/** undefined where the certificate is not to be believed, or is of nobody that a front knows. */
export function identifyPeer(socket: TLSSocket): Peer | undefined {
  const known = shown.get(socket);
  const { peer, until } = known ?? readPeer(socket);
  if (known === undefined) shown.set(socket, { peer, until });
  return until > Date.now() ? peer : undefined;
}

function readPeer(socket: TLSSocket): Shown {
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return { peer: { kind: 'anyone' }, until: Number.POSITIVE_INFINITY };
  return {
    peer: socket.authorized ? peerOf(certificate, socket.isSessionReused()) : undefined,
    until: Date.parse(certificate.valid_to),
  };
}

function peerOf(certificate: PeerCertificate, isSessionReused: boolean): Peer | undefined {
  const name: unknown = certificate.subject?.CN;
  if (typeof name !== 'string') return undefined;
  if (certificate.ext_key_usage?.includes(SERVER) === true) {
    return isName(name) ? { kind: 'host', name, fingerprint: fingerprintOf(certificate.fingerprint256) } : undefined;
  }
  const role = roleOf(certificate.subjectaltname ?? '');
  // The list of revoked certificates is not looked at when a session goes on.
  if (role === undefined || isSessionReused) return undefined;
  return { kind: 'operator', name, role };
}
