/** What every rule, default, exemption and parse outcome has counted. */

import type { CounterReading, InterfaceCounters } from '../engine/read-counters.ts';
import { readInterfaceCounters } from '../engine/read-counters.ts';
import type { Counted } from '../engine/slots.ts';
import { newestGeneration, readAttachments } from '../engine/survey.ts';

/** u64 in the kernel; a number where it came over the wire. */
export type CountValue = bigint | number;

export interface CounterOutcome {
  readonly by: Counted['by'];
  readonly rule: string | null;
  /** Names the exemption or the parse outcome. */
  readonly reason: string | null;
  readonly action: Counted['action'];
  readonly packets: CountValue;
  readonly bytes: CountValue;
  /** Whose rule or default it is. */
  readonly policy: string | null;
  /** No longer in force; the count stands still and still belongs to the sum. */
  readonly retired: boolean;
}

export interface DirectionCounters {
  /** Of the interface. */
  readonly name: string;
  readonly direction: InterfaceCounters['direction'];
  /** Their sum is every packet seen. */
  readonly counters: readonly CounterOutcome[];
  /** Later fragments, each also counted above by what decided it. */
  readonly fragments: { readonly packets: CountValue; readonly bytes: CountValue };
}

export interface HostCounters {
  readonly policy: string | null;
  readonly generation: number | null;
  readonly interfaces: readonly DirectionCounters[];
}

export function readCounters(): HostCounters {
  const attachments = readAttachments();
  const generation = newestGeneration(attachments);
  return {
    policy: generation?.policy ?? null,
    generation: generation?.generation ?? null,
    interfaces: attachments.flatMap(readInterfaceCounters).map(({ name, direction, counters, fragments }) => ({
      name,
      direction,
      counters: counters.map(counterOutcome),
      fragments: { packets: fragments.packets, bytes: fragments.bytes },
    })),
  };
}

function counterOutcome({ counted, count, retired }: CounterReading): CounterOutcome {
  return {
    by: counted.by,
    rule: counted.by === 'rule' ? counted.rule : null,
    reason: 'reason' in counted ? counted.reason : null,
    action: counted.action,
    packets: count.packets,
    bytes: count.bytes,
    policy: 'policy' in counted ? counted.policy : null,
    retired,
  };
}
