/** How every API of this program answers: outcomes and errors as JSON, and server-sent events. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ALIVE, EVENT_STREAM, formatEvent } from '../../api/event-stream.ts';
import { toJson } from '../../api/wire.ts';
import type { WireError } from '../../api/wire-error.ts';
import { encodeError, statusOf } from '../../api/wire-error.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { OperationEvent } from '../../host/context.ts';
import { JsonText } from '../questions/question.ts';
import type { Listener, LiveFeed } from './live-feed.ts';
import { encodeFailure } from './wire-failure.ts';

/** Bytes of the body of a request whose route takes none. */
export const NO_BODY = 1024;
/** Milliseconds between signs of life while a change is carried out. */
const ALIVE_INTERVAL = 2000;

/** Is told of a bug that a request met. */
export interface FaultLog {
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Outcomes as JSON; what is thrown, and a route that is not there, as an error with its help. */
export function answerInJson(app: FastifyInstance, who: string, log: FaultLog): void {
  app.setReplySerializer(toJson);
  app.setErrorHandler((error, _request, reply) => sendError(reply, wireError(error, log)));
  app.setNotFoundHandler((request, reply) => {
    const message = `${who} has no route ${request.method} ${request.url}`;
    sendError(reply, encodeError(new EnvironmentError('XDPOL_E_NO_ROUTE', message, { help: 'see docs/openapi.json' })));
  });
}

/** Progress, steps and warnings as they come. */
export function openStream(reply: FastifyReply): (event: OperationEvent) => void {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': EVENT_STREAM, 'cache-control': 'no-store' });
  reply.raw.flushHeaders();
  const alive = setInterval(() => reply.raw.write(ALIVE), ALIVE_INTERVAL);
  reply.raw.once('close', () => clearInterval(alive));
  return (event) => {
    reply.raw.write(formatEvent(event.kind, toJson(event)));
  };
}

export function endStream(reply: FastifyReply, event: 'outcome' | 'error', value: unknown): void {
  reply.raw.end(formatEvent(event, value instanceof JsonText ? value.text : toJson(value)));
}

/** What a thread has written is sent as it is. */
export function sendOutcome(reply: FastifyReply, outcome: unknown): unknown {
  if (!(outcome instanceof JsonText)) return outcome;
  return reply.type('application/json; charset=utf-8').send(outcome.text);
}

function sendError(reply: FastifyReply, error: WireError): void {
  void reply.code(statusOf(error.code)).type('application/json').send(error);
}

export function wireError(thrown: unknown, log: FaultLog): WireError {
  const { error, fault } = encodeFailure(thrown);
  if (fault !== undefined) log.error(`a request met a fault: ${fault.message}`, { stack: fault.stack });
  return error;
}

export interface LiveRoute<E extends string> {
  readonly path: string;
  readonly feed: LiveFeed<E>;
  /** Throws where whoever asks may not listen. */
  readonly admit: (request: FastifyRequest) => void;
}

/** Events until the listener goes, may listen no longer, or the server ends. */
export function serveLive<E extends string>(
  app: FastifyInstance,
  { path, feed, admit }: LiveRoute<E>,
  log: FaultLog,
): void {
  app.get(path, { bodyLimit: NO_BODY }, (request, reply) => {
    admit(request);
    const { raw } = reply;
    const listener: Listener = {
      admit: () => admit(request),
      isReady: () => raw.writableLength === 0,
      send: (event, json) => raw.write(formatEvent(event, json)),
      drop: () => raw.destroy(),
      end: (error) => (error === undefined ? raw.end() : endStream(reply, 'error', wireError(error, log))),
    };
    feed.add(listener);
    raw.once('close', () => feed.remove(listener));
    openStream(reply);
    return reply;
  });
}
