/** Server-sent events: a name and a JSON value each. */

export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

export const EVENT_STREAM = 'text/event-stream';

/** Says nothing but that the other side is there; readers pass over it. */
export const ALIVE = ': alive\n\n';

/** `json` has no line breaks: JSON escapes them. */
export function formatEvent(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}

/** Takes text as it arrives and gives whole events. */
export class EventReader {
  #rest = '';

  read(text: string): readonly ServerEvent[] {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop() ?? '';
    return parts.flatMap(eventOf);
  }
}

function eventOf(part: string): readonly ServerEvent[] {
  const fields = new Map(part.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]));
  const [event, data] = [fields.get('event'), fields.get('data')];
  return event === undefined || data === undefined ? [] : [{ event, data: JSON.parse(data) as unknown }];
}
