/** What hosts ask of a front. */

import type { FleetStore } from '../fleet-store.ts';
import { MOST_STATUS } from '../front-routes.ts';
import { parseRecord, readStatusReport } from '../records.ts';
import { isDigest } from '../signing.ts';
import type { Exchange } from './exchange.ts';
import { answerNothing, Refused, readBody } from './exchange.ts';
import type { FollowStreams } from './follow-streams.ts';
import type { Hub } from './hub.ts';
import type { KeptBlobs } from './kept-blobs.ts';
import type { HostPeer } from './peer.ts';
import type { Statuses } from './statuses.ts';

export interface HostParts {
  readonly store: FleetStore;
  readonly hub: Hub;
  readonly streams: FollowStreams;
  readonly statuses: Statuses;
  readonly blobs: KeptBlobs;
}

/** A revision of another epoch means nothing: then everything is told. */
export function follow({ hub, streams }: HostParts, host: HostPeer, { stream, query }: Exchange): void {
  const since = Number(query.get('since') ?? -1);
  const isKnown = query.get('epoch') === hub.epoch && Number.isSafeInteger(since) && since <= hub.revision;
  streams.add(host, stream, { since: isKnown ? since : -1, has: query.get('has') ?? undefined });
}

export async function sendBlob(
  { hub, blobs }: HostParts,
  { name: host }: HostPeer,
  { stream, name }: Exchange,
): Promise<void> {
  const packed = isDigest(name) && hub.mayFetch(host, name) ? await blobs.get(name) : undefined;
  if (packed === undefined) throw new Refused(404, 'no order for this host names such a bundle');
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/gzip', 'content-length': packed.length });
  stream.end(packed);
}

export async function takeStatus({ statuses }: HostParts, { name: host }: HostPeer, exchange: Exchange): Promise<void> {
  const report = readStatusReport(parseRecord(await readBody(exchange, MOST_STATUS)));
  if (report === undefined) throw new Refused(400, 'the report is none that this version reads');
  statuses.take(host, { ...report, at: Date.now() });
  answerNothing(exchange);
}
