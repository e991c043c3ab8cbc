/** Sampled packets as server-sent events: `sample` and `lost`, until the listener goes. */
import type { EventsRequest, HostEvent, SampleEvent } from '../host/events.ts';
import type { Schema } from './schema.ts';
import { allowNull, INTEGER, NAMES, object, oneOf, TEXT, TRUTH } from './schema.ts';

export const EVENTS_PATH = '/v1/events';

/** Who may keep a policy may see packets: samples have payload in them, which counters have not. */
export const EVENTS_RIGHT = 'confirm';

/** What may stand behind the question mark. */
export const EVENTS_QUERY: Schema = object({}, { rules: NAMES, reasons: NAMES, passed: TRUTH, audit: TRUTH });

export const SAMPLE: Schema = object({
  kind: { const: 'sample' },
  time: TEXT,
  interface: TEXT,
  direction: oneOf('ingress', 'egress'),
  verdict: oneOf('pass', 'drop'),
  change: allowNull(oneOf('would_drop', 'would_pass')),
  by: oneOf('rule', 'default', 'exemption', 'parse'),
  rule: allowNull(TEXT),
  reason: allowNull(TEXT),
  policy: allowNull(TEXT),
  rank: allowNull(INTEGER),
  length: INTEGER,
  text: TEXT,
  packet: TEXT,
});

export const LOST: Schema = object({ kind: { const: 'lost' }, interface: allowNull(TEXT), lost: INTEGER });

/** By the event's name. */
export const EVENTS: Schema = object({}, { sample: SAMPLE, lost: LOST });

/** Who decided: the rule, the default, or the reason. */
export function deciderOf({ by, rule, reason }: Pick<SampleEvent, 'by' | 'rule' | 'reason'>): string {
  if (by === 'rule') return `rule ${rule ?? ''}`;
  return by === 'default' ? 'default' : `${by} ${reason ?? ''}`;
}

/** What becomes of it, or would by the policy on trial. */
export function fateOf({ verdict, change }: Pick<SampleEvent, 'verdict' | 'change'>): string {
  if (change === null) return verdict;
  return change === 'would_drop' ? 'would drop' : 'would pass';
}

/** Of a packet in a capture file. */
export function commentOf(event: SampleEvent): string {
  return `${fateOf(event)}: ${deciderOf(event)}${event.policy === null ? '' : ` of ${event.policy}`}`;
}

export function eventsPath({ rules = [], reasons = [], passed, audit }: EventsRequest): string {
  const query = new URLSearchParams([
    ...rules.map((rule): [string, string] => ['rules', rule]),
    ...reasons.map((reason): [string, string] => ['reasons', reason]),
    ...(passed === true ? [['passed', 'true'] as [string, string]] : []),
    ...(audit === true ? [['audit', 'true'] as [string, string]] : []),
  ]).toString();
  return query === '' ? EVENTS_PATH : `${EVENTS_PATH}?${query}`;
}

export function isHostEvent(event: string, data: unknown): data is HostEvent {
  return (event === 'sample' || event === 'lost') && typeof data === 'object' && data !== null;
}
