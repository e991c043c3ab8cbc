/** Calls of gRPC over one HTTP/2 connection: one answer, or a stream of them. */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { connectSocket } from '../connect-socket.ts';

/**
 * Milliseconds: for a connection, for an answer; between pings, and for the answer to one. A member that stands still is left
 * after these. Of pings that come more often than every 5 seconds etcd ends the connection.
 */
const CONNECT_TIMEOUT = 3000;
const CALL_TIMEOUT = 5000;
const PING_INTERVAL = 6000;
const PING_TIMEOUT = 4000;
/** Bytes of the frame before each message: whether it is packed, and its length. */
const HEAD = 5;

export interface StreamListener {
  readonly message: (message: Uint8Array) => void;
  /** Once. */
  readonly end: (error: Error) => void;
}

export interface CallStream {
  readonly send: (message: Uint8Array) => void;
  readonly cancel: () => void;
}

function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Messages out of chunks. */
class Frames {
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): readonly Uint8Array[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Uint8Array[] = [];
    while (this.#rest.length >= HEAD) {
      const end = HEAD + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) break;
      messages.push(this.#rest.subarray(HEAD, end));
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}

function listen(stream: ClientHttp2Stream, { message, end }: StreamListener): void {
  const frames = new Frames();
  let failure: Error | undefined;
  let isOver = false;
  const finish = (error: Error): void => {
    if (!isOver) end(error);
    isOver = true;
  };
  const look = (headers: IncomingHttpHeaders): void => {
    const status = headers['grpc-status'];
    if (status === undefined) return;
    const text = decodeURIComponent(String(headers['grpc-message'] ?? ''));
    failure = new Error(status === '0' ? 'the stream ended' : `etcd refused it (${String(status)}): ${text}`);
  };
  stream.on('response', look);
  stream.on('trailers', look);
  stream.on('data', (chunk: Buffer) => {
    for (const one of frames.take(chunk)) if (!isOver) message(one);
  });
  stream.on('error', finish);
  stream.on('close', () => finish(failure ?? new Error('the connection ended')));
}

export class Connection {
  readonly #session: ClientHttp2Session;
  readonly #socket: TLSSocket;
  readonly #pings: NodeJS.Timeout;
  #isEnded = false;

  private constructor(session: ClientHttp2Session, socket: TLSSocket) {
    this.#session = session;
    this.#socket = socket;
    session.on('error', () => undefined);
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL);
    session.once('close', () => clearInterval(this.#pings));
  }

  static async open(url: string, tls: SecureContextOptions): Promise<Connection> {
    const socket = connectSocket(new URL(url), tls);
    const settings = { enablePush: false, initialWindowSize: 1_048_576 };
    const session = connect(url, { createConnection: () => socket, settings });
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => socket.destroy(new Error('no connection in time')), CONNECT_TIMEOUT);
      session.once('connect', () => resolve());
      session.once('error', reject);
      session.once('close', () => reject(new Error('the connection ended')));
      session.once('connect', () => clearTimeout(late));
      session.once('close', () => clearTimeout(late));
    });
    return new Connection(session, socket);
  }

  get isOver(): boolean {
    return this.#isEnded || this.#session.destroyed || this.#session.closed;
  }

  async call(path: string, message: Uint8Array): Promise<Uint8Array> {
    const stream = this.#request(path);
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => stream.destroy(new Error('no answer in time')), CALL_TIMEOUT);
      let answer: Uint8Array | undefined;
      const end = (error: Error): void => {
        clearTimeout(late);
        if (answer === undefined) reject(error);
        else resolve(answer);
      };
      listen(stream, { message: (bytes) => (answer = bytes), end });
      stream.end(frame(message));
    });
  }

  /** `hasleader`: a member that is cut off from the others ends the stream instead of saying nothing. */
  stream(path: string, listener: StreamListener): CallStream {
    const stream = this.#request(path);
    listen(stream, listener);
    return {
      send: (message) => stream.write(frame(message)),
      cancel: () => void setImmediate(() => stream.close(constants.NGHTTP2_CANCEL)),
    };
  }

  end(): void {
    this.#isEnded = true;
    clearInterval(this.#pings);
    this.#socket.destroy();
  }

  #request(path: string): ClientHttp2Stream {
    if (this.#isEnded) throw new Error('the connection ended');
    return this.#session.request({
      ':method': 'POST',
      ':path': `/etcdserverpb.${path}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      hasleader: 'true',
    });
  }

  #ping(): void {
    const late = setTimeout(() => this.#socket.destroy(new Error('no answer to a ping')), PING_TIMEOUT);
    try {
      this.#session.ping(() => clearTimeout(late));
    } catch {
      clearTimeout(late);
    }
  }
}
