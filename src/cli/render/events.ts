/** Sampled packets, a line each. */
import { deciderOf, fateOf } from '../../api/events.ts';
import type { LostEvent, SampleEvent } from '../../host/events.ts';

const TIME_AT = 11;
const TIME_LENGTH = 12;

/** The time is that of this host, as a clock shows it. */
export function renderSample(event: SampleEvent, names: ReadonlyMap<string, string> = new Map()): string {
  const { interface: name, direction, text, length } = event;
  const local = new Date(Date.parse(event.time) - 60_000 * new Date(event.time).getTimezoneOffset());
  const clock = local.toISOString().slice(TIME_AT, TIME_AT + TIME_LENGTH);
  const place = `${name} ${direction === 'ingress' ? 'in' : 'out'}`;
  const known = [...names].map(([address, host]) => `  ${address} is ${host}`).join('');
  return `${clock}  ${place.padEnd(10)}  ${fateOf(event)}  ${text}  ${deciderOf(event)}  ${length} bytes${known}`;
}

export function renderLost({ interface: name, lost }: LostEvent): string {
  if (name === null) return `${lost} samples were lost on the way: this reader was too slow`;
  return `${lost} samples of ${name} were lost since the start: more packets came than could be read`;
}
