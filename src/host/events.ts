/** Sampled packets as they come, with who decided them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Sample } from '../engine/samples/sample-reader.ts';
import { SampleReader } from '../engine/samples/sample-reader.ts';
import type { Counted } from '../engine/slots.ts';
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import { decodePacket } from '../policy/packet/decode.ts';
import { formatPacket } from '../policy/packet/text.ts';

export interface EventsRequest {
  /** Names of rules; all rules, defaults and reasons unless given, or only the reasons that are. */
  readonly rules?: readonly string[] | undefined;
  /** Parse outcomes, exemptions, or `default`. */
  readonly reasons?: readonly string[] | undefined;
  /** Packets too that pass by these rules and reasons. */
  readonly passed?: boolean | undefined;
}

/** One packet. */
export interface SampleEvent {
  readonly kind: 'sample';
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly interface: string;
  readonly direction: Sample['direction'];
  readonly verdict: Sample['verdict'];
  readonly by: Counted['by'];
  readonly rule: string | null;
  /** Names the exemption or the parse outcome. */
  readonly reason: string | null;
  /** Whose rule or default it is. */
  readonly policy: string | null;
  /** Of the deciding filter in the order of specificity, from 0; null where no filter decided. */
  readonly rank: number | null;
  /** Bytes of the whole frame. */
  readonly length: number;
  /** Such as `tcp 203.0.113.9:40000 -> 192.0.2.1:22`, or why the packet cannot be read. */
  readonly text: string;
  /** The frame's first bytes, in base64. */
  readonly packet: string;
}

/** Samples that could not be delivered, since this listener began. */
export interface LostEvent {
  readonly kind: 'lost';
  /** Whose ring had no room; null: the listener was too slow. */
  readonly interface: string | null;
  readonly lost: number;
}

export type HostEvent = SampleEvent | LostEvent;

/** Milliseconds between two looks into the rings. */
export const POLL = 100;
/** From one renewal to the next. */
export const LOOKS_TO_RENEWAL = 10;

/** Throws XDPOL_E_NO_SUCH_RULE where no rule in force has one of the names. */
export function requireKnownRules({ rules = [] }: EventsRequest): void {
  const known = (newestGeneration(readAttachments())?.rules ?? []).map(({ name }) => name);
  for (const rule of rules) {
    if (known.includes(rule)) continue;
    throw new EnvironmentError('XDPOL_E_NO_SUCH_RULE', `no rule in force is called "${rule}"`, {
      help: known.length === 0 ? 'no interface is filtered: xdpol status' : 'see the names: xdpol counters',
    });
  }
}

export function isWanted({ rules, reasons, passed }: EventsRequest, event: SampleEvent): boolean {
  if (event.verdict === 'pass' && passed !== true) return false;
  return isChosen({ rules, reasons }, event.rule, event.reason ?? (event.by === 'default' ? 'default' : null));
}

export function isChosen({ rules, reasons }: EventsRequest, rule: string | null, reason: string | null): boolean {
  if (rules === undefined && reasons === undefined) return true;
  return (rule !== null && rules?.includes(rule) === true) || (reason !== null && reasons?.includes(reason) === true);
}

/** What must be sampled of packets that pass for one of the requests. */
export function passesOf(requests: readonly EventsRequest[]): (counted: Counted) => boolean {
  const passing = requests.filter(({ passed }) => passed === true);
  return (counted) =>
    passing.some((request) =>
      isChosen(
        request,
        counted.by === 'rule' ? counted.rule : null,
        counted.by === 'default' ? 'default' : counted.by === 'rule' ? null : counted.reason,
      ),
    );
}

export function sampleEvent({ counted, at, ...sample }: Sample): SampleEvent {
  return {
    kind: 'sample',
    time: new Date(at).toISOString(),
    interface: sample.name,
    direction: sample.direction,
    verdict: sample.verdict,
    by: counted.by,
    rule: counted.by === 'rule' ? counted.rule : null,
    reason: 'reason' in counted ? counted.reason : null,
    policy: 'policy' in counted ? counted.policy : null,
    rank: counted.by === 'rule' ? sample.rank : null,
    length: sample.length,
    text: textOf(sample.frame, sample.length),
    packet: Buffer.from(sample.frame).toString('base64'),
  };
}

/** What was cut off is payload, but of absurd headers: zeros stand for it. */
function textOf(frame: Uint8Array, length: number): string {
  const whole = new Uint8Array(Math.max(frame.length, length));
  whole.set(frame);
  const decoded = decodePacket(whole);
  return decoded.kind === 'packet' ? formatPacket(decoded.packet) : decoded.reason;
}

/** Tells what is lost when it grows. */
export class Losses {
  readonly #known = new Map<string, number>();

  news(lost: ReadonlyMap<string, number>): readonly LostEvent[] {
    const grown = [...lost].filter(([name, count]) => count > (this.#known.get(name) ?? 0));
    for (const [name, count] of grown) this.#known.set(name, count);
    return grown.map(([name, count]) => ({ kind: 'lost', interface: name, lost: count }));
  }
}

/** Until the caller stops. From the call on samples are taken. */
export function openEvents(request: EventsRequest, stop?: AbortSignal): AsyncIterable<HostEvent> {
  requireKnownRules(request);
  return follow(new SampleReader({ passes: passesOf([request]) }), request, stop);
}

async function* follow(owned: SampleReader, request: EventsRequest, stop?: AbortSignal): AsyncGenerator<HostEvent> {
  using reader = owned;
  const losses = new Losses();
  for (let look = 1; stop?.aborted !== true; look++) {
    for (const sample of reader.poll()) {
      const event = sampleEvent(sample);
      if (isWanted(request, event)) yield event;
    }
    if (look % LOOKS_TO_RENEWAL === 0) {
      reader.refresh();
      yield* losses.news(reader.lost);
    }
    await sleep(POLL, undefined, stop === undefined ? {} : { signal: stop }).catch(() => undefined);
  }
}
