/** Sampled packets as server-sent events: `sample` and `lost`, until the listener goes. */
import type { EventsRequest, HostEvent } from '../host/events.ts';
import type { Schema } from './schema.ts';
import { allowNull, INTEGER, NAMES, object, oneOf, TEXT, TRUTH } from './schema.ts';

export const EVENTS_PATH = '/v1/events';

/** Who may keep a policy may see packets: samples have payload in them, which counters have not. */
export const EVENTS_RIGHT = 'confirm';

/** What may stand behind the question mark. */
export const EVENTS_QUERY: Schema = object({}, { rules: NAMES, reasons: NAMES, passed: TRUTH });

export const SAMPLE: Schema = object({
  kind: { const: 'sample' },
  time: TEXT,
  interface: TEXT,
  direction: oneOf('ingress', 'egress'),
  verdict: oneOf('pass', 'drop'),
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

export function eventsPath({ rules = [], reasons = [], passed }: EventsRequest): string {
  const query = new URLSearchParams([
    ...rules.map((rule): [string, string] => ['rules', rule]),
    ...reasons.map((reason): [string, string] => ['reasons', reason]),
    ...(passed === true ? [['passed', 'true'] as [string, string]] : []),
  ]).toString();
  return query === '' ? EVENTS_PATH : `${EVENTS_PATH}?${query}`;
}

export function isHostEvent(event: string, data: unknown): data is HostEvent {
  return (event === 'sample' || event === 'lost') && typeof data === 'object' && data !== null;
}
