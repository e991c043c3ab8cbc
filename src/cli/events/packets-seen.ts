/** How many packets the counters have of what a capture asks for: its statistics compare samples with them. */
import type { HostCounters } from '../../host/counters.ts';
import type { EventsRequest } from '../../host/events.ts';
import { isChosen } from '../../host/events.ts';
import type { HostOperations } from '../../host/operations.ts';

/** On one interface, in both directions. */
export interface PacketsSeen {
  readonly all: bigint;
  readonly chosen: bigint;
}

/** By interface; those of the policy on trial where its packets are asked for. */
export async function readPacketsSeen(
  host: HostOperations,
  request: EventsRequest,
): Promise<ReadonlyMap<string, PacketsSeen>> {
  if (request.audit !== true) return seenInForce(await host.counters(), request);
  const { sides } = await host.audit();
  return sumOf(
    sides.flatMap(({ interface: name, agreed, changes }) => [
      { name, packets: BigInt(agreed), isWanted: false },
      ...changes.map(({ by, rule, reason, packets }) => ({
        name,
        packets: BigInt(packets),
        isWanted: isChosen(request, rule, by === 'default' ? 'default' : reason),
      })),
    ]),
  );
}

function seenInForce({ interfaces }: HostCounters, request: EventsRequest): ReadonlyMap<string, PacketsSeen> {
  return sumOf(
    interfaces.flatMap(({ name, counters, retired }) => [
      ...counters.map(({ by, rule, reason, action, packets }) => ({
        name,
        packets: BigInt(packets),
        isWanted:
          (action === 'block' || request.passed === true) &&
          isChosen(request, rule, by === 'default' ? 'default' : reason),
      })),
      ...retired.map(({ packets }) => ({ name, packets: BigInt(packets), isWanted: false })),
      { name, packets: 0n, isWanted: false },
    ]),
  );
}

function sumOf(
  counts: readonly { readonly name: string; readonly packets: bigint; readonly isWanted: boolean }[],
): ReadonlyMap<string, PacketsSeen> {
  const sums = new Map<string, PacketsSeen>();
  for (const { name, packets, isWanted } of counts) {
    const { all, chosen } = sums.get(name) ?? { all: 0n, chosen: 0n };
    sums.set(name, { all: all + packets, chosen: chosen + (isWanted ? packets : 0n) });
  }
  return sums;
}

/** Counters begin anew where an interface was deleted and made again, or another policy is on trial. */
export function seenSince(before: PacketsSeen | undefined, after: PacketsSeen | undefined): PacketsSeen {
  const since = (to: bigint, from: bigint): bigint => (to >= from ? to - from : to);
  return {
    all: since(after?.all ?? 0n, before?.all ?? 0n),
    chosen: since(after?.chosen ?? 0n, before?.chosen ?? 0n),
  };
}
