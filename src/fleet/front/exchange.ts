/** One request to a front and its answer. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';

/** An answer with a status that is not 200. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refused';
    this.status = status;
  }
}

export interface Exchange {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** The last part of the path, where the route has a name there. */
  readonly name: string;
  readonly query: URLSearchParams;
}

export async function readBody({ stream }: Exchange, most: number): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) reject(new Refused(413, `more than ${most} bytes`));
      else chunks.push(chunk);
    });
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('close', () => {
      if (!stream.readableEnded) reject(new Refused(400, 'the request was cut off'));
    });
  });
}

export function answerJson({ stream }: Exchange, value: unknown): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end(JSON.stringify(value));
}

export function answerNothing({ stream }: Exchange): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 204 }, { endStream: true });
}

/** The error as JSON: `{code, message, help}`. */
export function answerError(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed || stream.headersSent) {
    stream.close();
    return;
  }
  const status = error instanceof Refused ? error.status : error instanceof EnvironmentError ? 409 : 500;
  const known =
    error instanceof EnvironmentError ? { code: error.code, help: error.help ?? null } : { code: null, help: null };
  stream.respond({ ':status': status, 'content-type': 'application/json' });
  // What the peer still sends is not read.
  stream.end(JSON.stringify({ ...known, message: messageOf(error) }), () => stream.close());
}
