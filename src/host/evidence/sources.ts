/** Who uses the permits of a policy, by samples of arriving packets that pass. */
import { formatAddress } from '../../base/ip.ts';
import { decodePacket } from '../../policy/packet/decode.ts';
import type { Packet } from '../../policy/packet/model.ts';
import type { Evidence, SourceEvidence } from '../../store/store.ts';
import type { SampleEvent } from '../events.ts';
import type { FilterWatch } from './filter-watch.ts';

/** Sources of a filter that are kept apart. */
const SOURCES_KEPT = 32;
/** Filters that sources are kept of. */
const FILTERS_KEPT = 4096;

/** The evidence with a sample more; as it was where the sample says nothing of who uses a permit. */
export function addSample(before: Evidence, event: SampleEvent, watch: FilterWatch): Evidence {
  const { verdict, direction, rank, policy } = event;
  if (verdict !== 'pass' || direction !== 'ingress' || rank === null || policy === null) return before;
  const directed = watch.filterOf(event.interface, policy, rank);
  const source = sourceOf(event);
  if (directed === undefined || directed.rule !== event.rule || source === undefined) return before;
  const key = { policy, rule: directed.rule, filter: directed.filter.text, half: directed.half };
  const at = before.sources.findIndex((one) => isOf(one, key));
  const known = before.sources[at] ?? { ...key, samples: 0, addresses: {}, isMany: false };
  const fresh = withSource(known, source);
  const sources = at < 0 ? [...before.sources, fresh].slice(-FILTERS_KEPT) : before.sources.with(at, fresh);
  return { ...before, sources };
}

function isOf(one: SourceEvidence, { policy, rule, filter, half }: Partial<SourceEvidence>): boolean {
  return one.policy === policy && one.rule === rule && one.filter === filter && one.half === half;
}

function withSource(known: SourceEvidence, source: string): SourceEvidence {
  const { addresses, samples, isMany } = known;
  const hasRoom = addresses[source] !== undefined || Object.keys(addresses).length < SOURCES_KEPT;
  if (!hasRoom) return { ...known, samples: samples + 1, isMany: true };
  return {
    ...known,
    samples: samples + 1,
    isMany,
    addresses: { ...addresses, [source]: (addresses[source] ?? 0) + 1 },
  };
}

function sourceOf(event: SampleEvent): string | undefined {
  const packet = packetOf(event);
  return packet === undefined ? undefined : formatAddress(packet.source);
}

/** The samples have enough of a frame for its addresses and ports, but of absurd ones. */
export function packetOf({ packet, length }: SampleEvent): Packet | undefined {
  const data = Buffer.from(packet, 'base64');
  const frame = new Uint8Array(Math.max(length, data.length));
  frame.set(data);
  const decoded = decodePacket(frame);
  return decoded.kind === 'packet' ? decoded.packet : undefined;
}
