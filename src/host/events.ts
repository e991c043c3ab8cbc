/** Sampled packets as they come, with who decided them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../base/environment-error.ts';
import { findCandidate } from '../engine/audit/candidate.ts';
import type { GenerationRule } from '../engine/generation.ts';
import type { Sample, Sampled } from '../engine/samples/sample-reader.ts';
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
  /** Instead of them, packets that the policy on trial would decide otherwise; rules and reasons are its own. */
  readonly audit?: boolean | undefined;
}

/** One packet. */
export interface SampleEvent {
  readonly kind: 'sample';
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly interface: string;
  readonly direction: Sample['direction'];
  /** By the policy in force. */
  readonly verdict: Sample['verdict'];
  /** What the policy on trial would do otherwise, by what is said here; null: this is of the policy in force. */
  readonly change: 'would_drop' | 'would_pass' | null;
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

/** Throws XDPOL_E_NO_SUCH_RULE where no rule in force, or on trial where that is asked for, has one of the names. */
export function requireKnownRules({ rules = [], audit }: EventsRequest): void {
  if (rules.length === 0) return;
  const known = new Set((audit === true ? rulesOnTrial() : rulesInForce()).map(({ name }) => name));
  for (const rule of rules) {
    if (known.has(rule)) continue;
    const [which, none, names] =
      audit === true
        ? ['on trial', 'no policy is on trial: xdpol apply POLICY --audit', 'xdpol audit']
        : ['in force', 'no interface is filtered: xdpol status', 'xdpol counters'];
    throw new EnvironmentError('XDPOL_E_NO_SUCH_RULE', `no rule ${which} is called "${rule}"`, {
      help: known.size === 0 ? none : `see the names: ${names}`,
    });
  }
}

function rulesInForce(): readonly GenerationRule[] {
  return newestGeneration(readAttachments())?.rules ?? [];
}

function rulesOnTrial(): readonly GenerationRule[] {
  return readAttachments().flatMap(({ directory }) => {
    using candidate = findCandidate(directory);
    return candidate?.generation.rules ?? [];
  });
}

/** Whose samples must be taken for the requests. */
export function sampledFor(requests: readonly EventsRequest[]): readonly Sampled[] {
  const isOnTrial = (request: EventsRequest): boolean => request.audit === true;
  return [
    ...(requests.every(isOnTrial) ? [] : ['in force' as const]),
    ...(requests.some(isOnTrial) ? ['on trial' as const] : []),
  ];
}

export function isWanted({ rules, reasons, passed, audit = false }: EventsRequest, event: SampleEvent): boolean {
  if (audit !== (event.change !== null)) return false;
  if (!audit && event.verdict === 'pass' && passed !== true) return false;
  return isChosen({ rules, reasons }, event.rule, event.reason ?? (event.by === 'default' ? 'default' : null));
}

export function isChosen({ rules, reasons }: EventsRequest, rule: string | null, reason: string | null): boolean {
  if (rules === undefined && reasons === undefined) return true;
  return isAmong(rule, rules) || isAmong(reason, reasons);
}

/** Of the names of a request. There may be 100,000 of them, and each counter is asked about. */
const NAMES = new WeakMap<readonly string[], ReadonlySet<string>>();

function isAmong(name: string | null, names: readonly string[] | undefined): boolean {
  if (name === null || names === undefined) return false;
  const known = NAMES.get(names) ?? new Set(names);
  NAMES.set(names, known);
  return known.has(name);
}

/** What must be sampled of packets that pass for one of the requests. */
export function passesOf(requests: readonly EventsRequest[]): (counted: Counted) => boolean {
  const passing = requests.filter(({ passed, audit }) => passed === true && audit !== true);
  return (counted) =>
    passing.some((request) =>
      isChosen(
        request,
        counted.by === 'rule' ? counted.rule : null,
        counted.by === 'default' ? 'default' : counted.by === 'rule' ? null : counted.reason,
      ),
    );
}

export function sampleEvent({ counted, at, sampled, ...sample }: Sample): SampleEvent {
  const isOnTrial = sampled === 'on trial';
  const [otherwise, change] =
    sample.verdict === 'drop' ? (['pass', 'would_drop'] as const) : (['drop', 'would_pass'] as const);
  return {
    kind: 'sample',
    time: new Date(at).toISOString(),
    interface: sample.name,
    direction: sample.direction,
    verdict: isOnTrial ? otherwise : sample.verdict,
    change: isOnTrial ? change : null,
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
  const wanted = sampledFor([request]);
  return follow(new SampleReader({ wanted: () => wanted, passes: passesOf([request]) }), request, stop);
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
