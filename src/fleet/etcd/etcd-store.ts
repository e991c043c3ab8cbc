/** The store in etcd, of one machine or of three. Only fronts and operators reach it: its own permissions are not relied on. */
import type { SecureContextOptions } from 'node:tls';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import { requirePuts } from '../check-puts.ts';
import { isUnder } from '../embedded/followers.ts';
import type { Change, Entry, FleetStore, Follower, Listed, Put, PutResult } from '../fleet-store.ts';
import { ROOT } from '../record-keys.ts';
import { Connection } from './call.ts';
import type { RangeAnswer, WatchAnswer } from './messages.ts';
import { rangeRequest, readRange, readWatch, readWrite, watchRequest, writeRequest } from './messages.ts';

/** Keys that one answer has. */
const PAGE = 500;
/** Milliseconds before another try to follow, at most; and after which everything is listed anew in any case. */
const LONGEST_PAUSE = 5000;
const FIRST_PAUSE = 250;
const LIST_INTERVAL = 900_000;

/** What following goes on from cannot be had: everything is listed anew. */
class Missed extends Error {}

function endOf(prefix: string): Uint8Array {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

export class EtcdStore implements FleetStore {
  readonly #endpoints: readonly string[];
  readonly #tls: SecureContextOptions;
  readonly #stopped = new AbortController();
  #at: number;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;

  /** `endpoints`: https://HOST:PORT of the members. */
  constructor(endpoints: readonly string[], tls: SecureContextOptions) {
    this.#endpoints = endpoints;
    this.#tls = tls;
    this.#at = Math.floor(Math.random() * endpoints.length);
  }

  async get(key: string): Promise<Entry | undefined> {
    const { found } = await this.#range({ key, limit: 1, revision: 0 });
    return found[0];
  }

  async list(prefix: string): Promise<Listed> {
    return await this.#list([prefix]);
  }

  async put(puts: readonly Put[]): Promise<PutResult> {
    requirePuts(puts);
    const { isDone, revision, present } = readWrite(await this.#call('KV/Txn', writeRequest(puts)));
    if (isDone) return { isDone, revision };
    const stale = puts.find(({ ifRevision }, at) => (present[at]?.revision ?? 0) !== ifRevision);
    return { isDone, key: stale?.key ?? puts[0]?.key ?? ROOT };
  }

  follow(prefixes: readonly string[], follower: Follower, since?: number): Disposable {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#stopped.signal]);
    void this.#followUntil(signal, prefixes, follower, since);
    return { [Symbol.dispose]: () => ended.abort() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    this.#connection?.end();
    await Promise.resolve();
  }

  async #open(): Promise<Connection> {
    if (this.#connection?.isOver === false) return this.#connection;
    const url = this.#endpoints[this.#at % this.#endpoints.length] ?? '';
    this.#opening ??= Connection.open(url, this.#tls)
      .then(
        (opened) => {
          if (this.#stopped.signal.aborted) opened.end();
          this.#connection = opened;
          return opened;
        },
        (error: unknown) => {
          this.#at += 1;
          throw error;
        },
      )
      .finally(() => {
        this.#opening = undefined;
      });
    return await this.#opening;
  }

  /** The next try asks another member. */
  #drop(): void {
    this.#connection?.end();
    this.#connection = undefined;
    this.#at += 1;
  }

  async #call(path: string, message: Uint8Array): Promise<Uint8Array> {
    try {
      return await (await this.#open()).call(path, message);
    } catch (cause) {
      this.#drop();
      throw new EnvironmentError('XDPOL_E_FLEET_STORE', `etcd at ${this.#endpoints.join(', ')}: ${messageOf(cause)}`, {
        help: 'see whether its members run and have a leader, and whether they accept the certificate: etcdctl endpoint status',
        cause,
      });
    }
  }

  async #range(range: Parameters<typeof rangeRequest>[0]): Promise<RangeAnswer> {
    return readRange(await this.#call('KV/Range', rangeRequest(range)));
  }

  /** All at one revision, though they come in several answers. */
  async #list(prefixes: readonly string[]): Promise<Listed> {
    const entries: Entry[] = [];
    let revision = 0;
    for (const prefix of prefixes) {
      for (let key = prefix, hasMore = true; hasMore; ) {
        const answer = await this.#range({ key, end: endOf(prefix), limit: PAGE, revision });
        if (revision === 0) revision = answer.revision;
        entries.push(...answer.found);
        hasMore = answer.hasMore;
        key = `${answer.found.at(-1)?.key ?? ''}\0`;
      }
    }
    return { entries: entries.sort((a, b) => (a.key < b.key ? -1 : 1)), revision };
  }

  async #followUntil(
    signal: AbortSignal,
    prefixes: readonly string[],
    follower: Follower,
    since?: number,
  ): Promise<void> {
    let known = since;
    let failures = 0;
    const told = (revision: number): void => {
      known = revision;
      failures = 0;
    };
    while (!signal.aborted) {
      try {
        if (known === undefined) {
          const listed = await this.#list(prefixes);
          if (signal.aborted) return;
          follower.state(listed);
          known = listed.revision;
        }
        await this.#watch({ signal, prefixes, follower, known, told });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Missed) {
          known = undefined;
          continue;
        }
        follower.lost?.(error);
        await pause(Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures), signal);
        failures += 1;
      }
    }
  }

  /**
   * One watch over all keys, so that changes of several prefixes come in the order of their revisions. Rejects when it is
   * over.
   */
  async #watch({ signal, prefixes, follower, known, told }: Watching): Promise<void> {
    const connection = await this.#open();
    await new Promise<void>((_, reject) => {
      const parts: Change[] = [];
      const message = (bytes: Uint8Array): void => {
        const answer = readWatch(bytes);
        const fault = faultOf(answer, known);
        if (fault !== undefined) {
          end(fault);
          return;
        }
        if (answer.isCreated) told(known);
        parts.push(...changesOf(answer, prefixes));
        if (answer.isPart || answer.isCreated) return;
        const changes = parts.splice(0);
        if (changes.length > 0) follower.changes(changes);
        told(answer.revision);
      };
      const stream = connection.stream('Watch/Watch', { message, end: (error) => end(error) });
      const again = setTimeout(() => end(new Missed()), LIST_INTERVAL);
      const stop = (): void => end(new Error('the following ended'));
      const end = (error: Error): void => {
        clearTimeout(again);
        signal.removeEventListener('abort', stop);
        stream.cancel();
        if (!(error instanceof Missed) && !signal.aborted) this.#drop();
        reject(error);
      };
      signal.addEventListener('abort', stop);
      stream.send(watchRequest(ROOT, endOf(ROOT), known + 1));
    });
  }
}

interface Watching {
  readonly signal: AbortSignal;
  readonly prefixes: readonly string[];
  readonly follower: Follower;
  /** The revision up to which everything is known. */
  readonly known: number;
  readonly told: (revision: number) => void;
}

/** Revisions that went back are those of a restored backup. */
function faultOf(
  { isCreated, isCanceled, compacted, reason, revision }: WatchAnswer,
  known: number,
): Error | undefined {
  if (isCanceled) return compacted > 0 ? new Missed() : new Error(`the watch was ended: ${reason}`);
  return isCreated && revision < known ? new Missed() : undefined;
}

function changesOf({ events }: WatchAnswer, prefixes: readonly string[]): readonly Change[] {
  return events
    .filter(({ found }) => isUnder(found.key, prefixes))
    .map(({ isRemoved, found }) => ({
      key: found.key,
      entry: isRemoved ? undefined : found,
      revision: found.revision,
    }));
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
