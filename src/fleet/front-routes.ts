/**
 * The front's routes for hosts, over HTTP/2 and TLS with certificates on both sides. Who asks is the common name of the
 * certificate; a route of one kind of peer refuses every other.
 */
import { CREDENTIAL_FILES } from '../api/credentials.ts';
import { fieldsOf, isText, parseJson } from '../store/json-fields.ts';
import type { Lane } from './fleet-names.ts';
import { LANES } from './fleet-names.ts';
import type { StatusReport } from './records.ts';
import type { Signed } from './signing.ts';
import { isDigest, readSigned } from './signing.ts';

export const FRONT_PORT = 9479;

/** `anyone` has no certificate yet: a token takes its place. */
export type Peer = 'host' | 'operator' | 'anyone';

export interface FrontRoute {
  readonly method: 'GET' | 'POST';
  /** The last part may be a name. */
  readonly path: string;
  readonly peer: Peer;
}

export const HOST_ROUTES: Readonly<Record<'follow' | 'blob' | 'status' | 'join', FrontRoute>> = {
  /** Query: FollowQuery. Answers lines of JSON (FollowLine) for as long as the connection lasts. */
  follow: { method: 'GET', path: '/v1/follow', peer: 'host' },
  /** The blob packed with gzip, as application/gzip; 404 unless an order for the host names it. */
  blob: { method: 'GET', path: '/v1/blob/:sha256', peer: 'host' },
  /** StatusReport; 204. */
  status: { method: 'POST', path: '/v1/status', peer: 'host' },
  /** JoinRequest; JoinAnswer. */
  join: { method: 'POST', path: '/v1/join', peer: 'anyone' },
};

/** For commands of operators: the store, by rights. Their bodies are those of front-store.ts. */
export const OPERATOR_ROUTES: Readonly<Record<'record' | 'records' | 'changes' | 'write', FrontRoute>> = {
  record: { method: 'GET', path: '/v1/record', peer: 'operator' },
  records: { method: 'GET', path: '/v1/records', peer: 'operator' },
  changes: { method: 'GET', path: '/v1/changes', peer: 'operator' },
  write: { method: 'POST', path: '/v1/records', peer: 'operator' },
};

/** Seconds between lines of the stream, empty ones where there is nothing to say; and without one before a host leaves. */
export const BEAT = 25;
export const SILENCE = 60;
/** Seconds between reports where nothing changes. */
export const STATUS_INTERVAL = 300;
/** Bytes of a report, and of a line. */
export const MOST_STATUS = 16_384;
export const MOST_LINE = 1_500_000;

/** `since` and `epoch` are those of the last `current` line; without them, or where the epoch is another, everything is sent. */
export interface FollowQuery {
  readonly since?: number;
  readonly epoch?: string;
  /**
   * SHA-256 of the bundle that the host has in force by an order; empty: of none. Where it is given, a small policy that the
   * host does not have comes along with its order. A host of an older version does not give it.
   */
  readonly has?: string;
}

export type FollowLine =
  | { readonly kind: 'hello'; readonly epoch: string }
  /** Comes before orders of the groups. */
  | { readonly kind: 'membership'; readonly signed: Signed }
  | { readonly kind: 'order'; readonly lane: Lane; readonly signed: Signed }
  /** The packed bundle of the order that counts, in base64. It is believed no more than one that is fetched. */
  | { readonly kind: 'policy'; readonly sha256: string; readonly packed: string }
  /**
   * Everything up to this revision was sent: time to see which order counts. So many hosts are told
   * at once; an older front does not say it.
   */
  | { readonly kind: 'current'; readonly revision: number; readonly hosts: number };

export type StatusBody = StatusReport;

export interface JoinRequest {
  readonly token: string;
  readonly name: string;
  /** A request for a certificate, PEM: the key stays on the host. */
  readonly request: string;
}

export interface JoinAnswer {
  /** PEM. */
  readonly certificate: string;
  readonly authority: string;
  readonly revoked: string;
  /** Public keys of the operators whose orders count: see readPublicKey. */
  readonly operators: readonly string[];
}

/** In the host's folder of fleet credentials. */
export const FLEET_FILES: Readonly<Record<'authority' | 'revoked' | 'certificate' | 'key' | 'operators', string>> = {
  authority: CREDENTIAL_FILES.authority,
  revoked: CREDENTIAL_FILES.revoked,
  ...CREDENTIAL_FILES.host,
  /** Of the operators, one in a line. */
  operators: 'operators',
};

/** A line without its end; undefined where it is none that this version reads, which is no fault. */
export function readFollowLine(line: string): FollowLine | undefined {
  const { kind, epoch, lane, signed: given, sha256, packed, revision, hosts } = fieldsOf<FollowFields>(parseJson(line));
  if (kind === 'hello') return isText(epoch) ? { kind, epoch } : undefined;
  if (kind === 'current') {
    if (!Number.isSafeInteger(revision)) return undefined;
    return { kind, revision: Number(revision), hosts: Number.isSafeInteger(hosts) ? Number(hosts) : 1 };
  }
  if (kind === 'policy') return isDigest(sha256) && isText(packed) ? { kind, sha256, packed } : undefined;
  const signed = readSigned(given);
  if (signed === undefined) return undefined;
  if (kind === 'membership') return { kind, signed };
  const known = LANES.find((name) => name === lane);
  return kind === 'order' && known !== undefined ? { kind, lane: known, signed } : undefined;
}

interface FollowFields {
  readonly kind: unknown;
  readonly epoch: unknown;
  readonly lane: unknown;
  readonly signed: unknown;
  readonly sha256: unknown;
  readonly packed: unknown;
  readonly revision: unknown;
  readonly hosts: unknown;
}
