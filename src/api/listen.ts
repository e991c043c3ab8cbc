/** Events of an agent for as long as they are wanted: over its socket, or over TLS to one on another host. */
import type { IncomingMessage } from 'node:http';
import type { HostEvent } from '../host/events.ts';
import { EVENT_STREAM, EventReader } from './event-stream.ts';
import { isHostEvent } from './events.ts';
import type { AgentRequest } from './request.ts';
import { AgentUnreachable, createAgentGoneError, openResponse } from './request.ts';
import type { WireError } from './wire-error.ts';
import { decodeError } from './wire-error.ts';

/** Once the agent has agreed. Throws AgentUnreachable where none can be asked, or what stands in the way at the agent. */
export async function listenToAgent(
  address: AgentRequest['address'],
  path: string,
  stop?: AbortSignal,
): Promise<AsyncIterable<HostEvent>> {
  const { response, end } = await openResponse({ address, method: 'GET', path });
  if (response.headers['content-type']?.startsWith(EVENT_STREAM) === true) return eventsOf(response, end, stop);
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  const { code, message, help } = JSON.parse(text) as WireError;
  if (code === 'XDPOL_E_NO_ROUTE') throw new AgentUnreachable('another version');
  throw decodeError({ code, message, help });
}

async function* eventsOf(response: IncomingMessage, end: () => void, stop?: AbortSignal): AsyncGenerator<HostEvent> {
  const events = new EventReader();
  stop?.addEventListener('abort', end, { once: true });
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      for (const { event, data } of events.read(chunk)) {
        if (event === 'error') throw decodeError(data as WireError);
        if (isHostEvent(event, data)) yield data;
      }
    }
  } catch (error) {
    if (stop?.aborted === true) return;
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? createAgentGoneError() : error;
  } finally {
    stop?.removeEventListener('abort', end);
    end();
  }
  if (stop?.aborted !== true) throw createAgentGoneError();
}
