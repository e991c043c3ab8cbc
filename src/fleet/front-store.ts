/** The store as an operator reaches it: through a front. */
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:http2';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { isForeignCertificate } from '../api/foreign-certificate.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { fieldsOf, isText } from '../store/json-fields.ts';
import { requirePuts } from './check-puts.ts';
import { connectSocket } from './connect-socket.ts';
import type { Change, Entry, FleetStore, Follower, Listed, Put, PutResult } from './fleet-store.ts';
import { OPERATOR_ROUTES } from './front-routes.ts';
import { parseRecord } from './records.ts';

/** Milliseconds for a connection and for an answer; until a front that ended one is followed again. */
const TIMEOUT = 15_000;
const PAUSE = 1000;

interface WireEntry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

interface WireLine {
  readonly state?: { readonly entries: readonly WireEntry[]; readonly revision: number };
  readonly changes?: readonly (Omit<Change, 'entry'> & { readonly entry: WireEntry | null })[];
}

function decodeEntry({ key, value, revision }: WireEntry): Entry {
  return { key, value: Buffer.from(value, 'base64'), revision };
}

/** Whoever waits for an answer while it ends is told why. */
class Connection {
  readonly socket: TLSSocket;
  readonly session: ClientHttp2Session;
  failure: Error | undefined;

  constructor(url: string, tls: SecureContextOptions) {
    this.socket = connectSocket(new URL(url), tls);
    this.session = connect(url, { createConnection: () => this.socket, settings: { enablePush: false } });
    this.session.on('error', (error: Error) => {
      this.failure = error;
    });
    this.session.setTimeout(0);
  }

  get isOver(): boolean {
    return this.session.closed || this.session.destroyed;
  }
}

interface Asked {
  readonly stream: ClientHttp2Stream;
  readonly connection: Connection;
}

export class FrontStore implements FleetStore {
  readonly #url: string;
  readonly #tls: SecureContextOptions;
  #connection: Connection | undefined;
  #isEnding = false;

  /** `url`: https://HOST:PORT. The first call makes a connection, and each one does that finds it ended. */
  constructor(url: string, tls: SecureContextOptions) {
    this.#url = url;
    this.#tls = tls;
  }

  async get(key: string): Promise<Entry | undefined> {
    const { entry } = (await this.#ask('GET', `${OPERATOR_ROUTES.record.path}?${query({ key })}`)) as {
      readonly entry: WireEntry | null;
    };
    return entry === null ? undefined : decodeEntry(entry);
  }

  async list(prefix: string): Promise<Listed> {
    const { entries, revision } = (await this.#ask('GET', `${OPERATOR_ROUTES.records.path}?${query({ prefix })}`)) as {
      readonly entries: readonly WireEntry[];
      readonly revision: number;
    };
    return { entries: entries.map(decodeEntry), revision };
  }

  async put(puts: readonly Put[]): Promise<PutResult> {
    requirePuts(puts);
    const wire = puts.map(({ key, value, ifRevision }) => {
      return { key, value: value === undefined ? null : Buffer.from(value).toString('base64'), ifRevision };
    });
    return (await this.#ask('POST', OPERATOR_ROUTES.write.path, JSON.stringify({ puts: wire }))) as PutResult;
  }

  follow(prefixes: readonly string[], follower: Follower, since?: number): Disposable {
    const asked = new URLSearchParams(prefixes.map((prefix): [string, string] => ['prefix', prefix]));
    let isOver = false;
    let following: ClientHttp2Stream | undefined;
    const begin = (more: string): void => {
      if (isOver || this.#isEnding) return;
      const { stream, connection } = this.#open('GET', `${OPERATOR_ROUTES.changes.path}?${asked}${more}`);
      following = stream;
      tellLines(stream, follower, () => isOver);
      stream.once('close', () => {
        if (isOver || this.#isEnding) return;
        follower.lost?.(this.#unreachable(connection, 'the connection ended'));
        // With everything: what changed meanwhile, and a store that was restored, are told too.
        setTimeout(() => begin(''), PAUSE).unref();
      });
      stream.end();
    };
    begin(since === undefined ? '' : `&since=${since}`);
    return {
      [Symbol.dispose]: () => {
        isOver = true;
        following?.close();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#connection?.socket.destroy();
    await Promise.resolve();
  }

  #open(method: string, path: string): Asked {
    const last = this.#connection;
    const connection = last === undefined || last.isOver ? new Connection(this.#url, this.#tls) : last;
    this.#connection = connection;
    return { stream: connection.session.request({ ':method': method, ':path': path }), connection };
  }

  async #ask(method: string, path: string, body?: string): Promise<unknown> {
    const { stream, connection } = this.#open(method, path);
    stream.setTimeout(TIMEOUT, () => stream.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)));
    let status = 0;
    stream.once('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.end(body);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch (error) {
      throw this.#unreachable(connection, messageOf(connection.failure ?? error));
    }
    if (status === 0) throw this.#unreachable(connection, connection.failure?.message ?? 'the connection ended');
    const answer = parseRecord(Buffer.concat(chunks));
    if (status === 200) return answer;
    throw refusal(status, answer);
  }

  #unreachable({ failure }: Connection, why: string): EnvironmentError {
    if (isForeignCertificate((failure as NodeJS.ErrnoException | undefined)?.code)) {
      return new EnvironmentError(
        'XDPOL_E_FLEET_STORE',
        `the certificate of the front ${this.#url} is of another authority than ca.crt or crl.pem of this fleet's folder`,
        { help: 'name the folder of the fleet that the front is of: --dir; or another front: --front URL' },
      );
    }
    return new EnvironmentError('XDPOL_E_FLEET_STORE', `the front ${this.#url} does not answer: ${why}`, {
      help: 'see whether it runs and accepts your certificate: xdpol fleet front, or name another one: --front URL',
    });
  }
}

function tellLines(stream: ClientHttp2Stream, { state, changes }: Follower, isOver: () => boolean): void {
  // A line with the state of many hosts comes in hundreds of parts.
  let parts: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const [first = '', ...more] = chunk.split('\n');
    parts.push(first);
    if (more.length === 0) return;
    const lines = [parts.join(''), ...more];
    parts = [lines.pop() ?? ''];
    for (const line of lines) {
      if (isOver() || line === '') continue;
      const told = JSON.parse(line) as WireLine;
      if (told.state !== undefined) state({ ...told.state, entries: told.state.entries.map(decodeEntry) });
      if (told.changes !== undefined) changes(told.changes.map(decodeChange));
    }
  });
  stream.on('error', () => undefined);
}

function query(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

function decodeChange({ key, entry, revision }: NonNullable<WireLine['changes']>[number]): Change {
  return { key, entry: entry === null ? undefined : decodeEntry(entry), revision };
}

function refusal(status: number, answer: unknown): EnvironmentError {
  const { code, message, help } = fieldsOf<{ code: string; message: string; help: string }>(answer);
  const text = isText(message) ? message : `the front answered ${status}`;
  const isRole = status === 401 || status === 403;
  const isStore = code === 'XDPOL_E_FLEET_STORE';
  return new EnvironmentError(isRole ? 'XDPOL_E_ROLE' : isStore ? code : 'XDPOL_E_FLEET', text, {
    ...(isText(help) ? { help } : {}),
  });
}
