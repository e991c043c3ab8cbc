/** A connection to a front: HTTP/2 over TLS 1.3 with the certificate of this host. */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { isForeignCertificate } from '../../api/foreign-certificate.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import { connectSocket } from '../../fleet/connect-socket.ts';
import { MOST_LINE } from '../../fleet/front-routes.ts';
import { fieldsOf, isText, parseJson } from '../../store/json-fields.ts';

/** Milliseconds for TCP, for TLS, which waits for a front that has much to do, and for the answer to a request. */
const TCP_TIMEOUT = 3000;
const CONNECT_TIMEOUT = 15_000;
const ANSWER_TIMEOUT = 30_000;
/** Bytes of the answer to a request other than for a blob. */
const SHORT_ANSWER = 1 << 16;
const OK = 200;
const UNANSWERED = { code: 'ETIMEDOUT' } as const;
/** Milliseconds after which a front that ends a connection before its handshake has kept it waiting for a turn. */
const KEPT_WAITING = 5000;
const BUSY = { code: 'EBUSY' } as const;

export interface FrontAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface FrontAsked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** Bytes that the answer may have. */
  readonly most?: number;
}

/** PEM texts: the authority, what it has revoked, and the certificate of this host with its key. */
export interface FrontTls {
  readonly ca: string;
  readonly crl: string;
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.3';
}

/**
 * TLS sessions by the address of the front and what it was checked with: a connection made anew costs half as much with
 * one, and nothing is checked again.
 */
const sessions = new Map<string, Buffer>();

/** Was nothing heard of the front, not even a refusal? So it is where packets to it are dropped. */
export function isUnanswered(error: unknown): boolean {
  return codeOf(error) === UNANSWERED.code;
}

/** Is its certificate, or the list of revoked ones, not valid by the clock of this host? */
export function isOutOfTime(error: unknown): boolean {
  return /^(?:CERT|CRL)_(?:NOT_YET_VALID|HAS_EXPIRED)$/u.test(String(codeOf(error)));
}

/** Has the front sent this host away, because more hosts came than it can serve at once? */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === BUSY.code;
}

function codeOf(error: unknown): unknown {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return cause?.code;
}

export class FrontConnection implements Disposable {
  readonly url: URL;
  readonly #session: ClientHttp2Session;
  readonly #socket: TLSSocket;
  #problem: Error | undefined;

  private constructor(url: URL, session: ClientHttp2Session, socket: TLSSocket) {
    this.url = url;
    this.#session = session;
    this.#socket = socket;
    session.on('error', (error: Error) => {
      this.#problem = error;
    });
  }

  /** Throws EnvironmentError where the front does not answer, or one of the two does not accept the other. */
  static async open(url: URL, tls: FrontTls): Promise<FrontConnection> {
    const checked = `${url.href}\n${tls.ca}\n${tls.crl}\n${tls.cert}`;
    const ticket = sessions.get(checked);
    const socket = connectSocket(url, ticket === undefined ? tls : { ...tls, session: ticket });
    // A host that was busy itself may not have looked yet at what came: so it looks once more.
    const unanswered = setTimeout(() => setImmediate(() => endUnanswered(socket)), TCP_TIMEOUT);
    for (const event of ['connect', 'close'] as const) socket.once(event, () => clearTimeout(unanswered));
    socket.on('session', (fresh: Buffer) => keepSession(checked, fresh));
    const session = connect(url, { createConnection: () => socket, settings: { enablePush: false } });
    const connection = new FrontConnection(url, session, socket);
    let connectedAt = Number.POSITIVE_INFINITY;
    socket.once('connect', () => {
      connectedAt = performance.now();
    });
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => socket.destroy(new Error('no answer in time')), CONNECT_TIMEOUT);
      const fail = (): void => {
        clearTimeout(late);
        if (connection.#isSentAway(performance.now() - connectedAt)) {
          connection.#problem = Object.assign(new Error('more hosts came than it can serve at once'), BUSY);
        }
        reject(connection.#unreachable());
      };
      session.once('close', fail);
      session.once('remoteSettings', () => {
        clearTimeout(late);
        session.off('close', fail);
        resolve();
      });
    });
    return connection;
  }

  /** Throws EnvironmentError where no whole answer comes in time. */
  async ask({ method, path, body, most = SHORT_ANSWER }: FrontAsked): Promise<FrontAnswer> {
    const stream = this.#request(method, path, body);
    const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ANSWER_TIMEOUT);
    try {
      const status = statusOf(stream);
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of stream as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > most) throw new Error(`more than ${most} bytes`);
        parts.push(part);
      }
      return { status: await status, body: Buffer.concat(parts) };
    } catch (error) {
      this.#problem ??= error as Error;
      throw this.#unreachable();
    } finally {
      clearTimeout(late);
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  /**
   * Lines as they come, without their ends, the empty ones too. Ends in an EnvironmentError where none comes for
   * `silence` milliseconds, and where the connection ends.
   */
  async *follow(path: string, silence: number, stop: AbortSignal): AsyncGenerator<string> {
    // It may have been given while the connection was made.
    if (stop.aborted) return;
    const stream = this.#request('GET', path);
    const hangUp = (): void => stream.close(constants.NGHTTP2_CANCEL);
    stop.addEventListener('abort', hangUp, { once: true });
    const late = setTimeout(() => {
      this.#problem = new Error(`nothing came for ${silence / 1000} seconds`);
      hangUp();
    }, silence);
    try {
      const status = statusOf(stream);
      let rest = '';
      stream.setEncoding('utf8');
      for await (const part of stream as AsyncIterable<string>) {
        late.refresh();
        if ((await status) !== OK) throw new Error(refusalOf(await status, part));
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MOST_LINE) throw new Error(`a line of more than ${MOST_LINE} characters`);
        yield* lines;
      }
      if ((await status) !== OK) throw new Error(`status ${await status}`);
    } catch (error) {
      this.#problem ??= error as Error;
    } finally {
      clearTimeout(late);
      stop.removeEventListener('abort', hangUp);
      hangUp();
    }
    if (!stop.aborted) throw this.#unreachable();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #request(method: 'GET' | 'POST', path: string, body?: string): ClientHttp2Stream {
    try {
      const stream = this.#session.request({ ':method': method, ':path': path }, { endStream: body === undefined });
      stream.on('error', (error: Error) => {
        this.#problem ??= error;
      });
      if (body !== undefined) stream.end(body);
      return stream;
    } catch (error) {
      this.#problem ??= error as Error;
      throw this.#unreachable();
    }
  }

  /** The other side ended the connection, `waited` milliseconds after it began and before TLS did. */
  #isSentAway(waited: number): boolean {
    const { code } = (this.#problem ?? { code: 'ECONNRESET' }) as NodeJS.ErrnoException;
    return waited > KEPT_WAITING && code === 'ECONNRESET';
  }

  #unreachable(): EnvironmentError {
    const why = reasonOf(this.#problem);
    return new EnvironmentError('XDPOL_E_FRONT', `the front ${this.url.host} cannot be used: ${why}`, {
      help: 'see that it runs and that the certificates of both are of one authority: docs/fleet.md',
      cause: this.#problem,
    });
  }
}

function endUnanswered(socket: TLSSocket): void {
  if (socket.connecting) socket.destroy(Object.assign(new Error('no answer'), UNANSWERED));
}

function reasonOf(problem: Error | undefined): string {
  if (problem === undefined) return 'it ended the connection';
  const isForeign = isForeignCertificate((problem as NodeJS.ErrnoException).code);
  return isForeign ? "its certificate is of another authority than this host's ca.crt or crl.pem" : messageOf(problem);
}

/** What a front that answers with another status than was hoped for says of it. */
export function refusalOf(status: number, body: string): string {
  const { message } = fieldsOf<{ message: string }>(parseJson(body));
  return isText(message) && message !== '' ? message : `status ${status}`;
}

/** Rejects where the stream ends without one; who reads the stream may have thrown by then. */
function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const status = new Promise<number>((resolve, reject) => {
    stream.once('response', (headers) => resolve(headers[':status'] ?? 0));
    stream.once('close', () => reject(new Error('it ended the connection')));
  });
  status.catch(() => undefined);
  return status;
}

/** Those of credentials that were replaced are of no use. */
function keepSession(checked: string, ticket: Buffer): void {
  const [href] = checked.split('\n');
  for (const other of sessions.keys()) if (other !== checked && other.startsWith(`${href}\n`)) sessions.delete(other);
  sessions.set(checked, ticket);
}
