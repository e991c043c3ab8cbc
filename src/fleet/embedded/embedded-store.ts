/** A store of this machine, for trials and small sites: a folder, one process at a time. */
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../../base/environment-error.ts';
import { DurableFiles } from '../../store/durable.ts';
import { LockHeld, lockStore } from '../../store/lock.ts';
import { requirePuts } from '../check-puts.ts';
import type { Change, Entry, FleetStore, Follower, Listed, Put, PutResult } from '../fleet-store.ts';
import { sha256 } from '../signing.ts';
import { Followers, isUnder } from './followers.ts';
import type { JournalPut, Kept } from './journal.ts';
import { encodePut, readJournal } from './journal.ts';

/** Seconds that a command waits for another one. */
const PATIENCE = 0.5;
const JOURNAL = 'journal';
const VALUES = 'values';
/** Bytes from which a value is a file of its own. */
const LARGE = 16_384;
/** The journal is written anew when it has this many bytes more than what is in it. */
const SLACK = 16_777_216;

interface Held {
  readonly kept: Kept;
  readonly revision: number;
}

export class EmbeddedStore implements FleetStore {
  readonly #folder: string;
  readonly #lock: Disposable;
  readonly #files = new DurableFiles();
  readonly #held = new Map<string, Held>();
  readonly #followers = new Followers();
  #revision = 0;
  /** Bytes of the journal, and of it as it was last written anew. */
  #size = 0;
  #leastSize = 0;

  /** Throws where another process has the folder, or it is damaged. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#lock = takeLock(folder);
    try {
      this.#files.makeFolder(join(folder, VALUES));
      this.#load();
    } catch (error) {
      this.#lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether the folder has a store. Throws where it cannot be looked into. */
  static isIn(folder: string): boolean {
    try {
      return statSync(join(folder, JOURNAL)).size > 0;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      throw error;
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    const held = this.#held.get(key);
    return await Promise.resolve(held === undefined ? undefined : this.#entryOf(key, held));
  }

  async list(prefix: string): Promise<Listed> {
    return await Promise.resolve(this.#list([prefix]));
  }

  async put(puts: readonly Put[]): Promise<PutResult> {
    return await Promise.resolve(this.#put(puts));
  }

  #put(puts: readonly Put[]): PutResult {
    requirePuts(puts);
    const stale = puts.find(({ key, ifRevision }) => (this.#held.get(key)?.revision ?? 0) !== ifRevision);
    if (stale !== undefined) return { isDone: false, key: stale.key };
    const revision = this.#revision + 1;
    const put: JournalPut = { revision, keys: puts.map(({ key, value }) => [key, this.#keep(value)]) };
    this.#append(encodePut(put));
    this.#take(put);
    const changes = puts.map(({ key, value }): Change => {
      return { key, entry: value === undefined ? undefined : { key, value, revision }, revision };
    });
    this.#followers.tell(changes);
    if (this.#size > this.#leastSize * 2 + SLACK) this.#rewrite();
    return { isDone: true, revision };
  }

  follow(prefixes: readonly string[], follower: Follower, since?: number): Disposable {
    const state = (): Listed => this.#list(prefixes);
    return this.#followers.add({ prefixes, follower, since, state, revision: this.#revision });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followers.end();
    this.#lock[Symbol.dispose]();
  }

  #list(prefixes: readonly string[]): Listed {
    const found = [...this.#held].filter(([key]) => isUnder(key, prefixes)).sort(([a], [b]) => (a < b ? -1 : 1));
    return { entries: found.map(([key, held]) => this.#entryOf(key, held)), revision: this.#revision };
  }

  #entryOf(key: string, { kept, revision }: Held): Entry {
    if ('value' in kept) return { key, value: kept.value, revision };
    const path = join(this.#folder, VALUES, kept.file);
    try {
      return { key, value: readFileSync(path), revision };
    } catch (cause) {
      throw new EnvironmentError('XDPOL_E_FLEET_STORE', `cannot read ${path}, the value of ${key}: ${String(cause)}`, {
        help: 'restore the newest backup into another folder and use that',
        cause,
      });
    }
  }

  #keep(value: Uint8Array | undefined): Kept | undefined {
    if (value === undefined) return undefined;
    if (value.length < LARGE) return { value };
    const file = sha256(value);
    this.#files.write(join(this.#folder, VALUES, file), value);
    return { file };
  }

  #take({ revision, keys }: JournalPut): void {
    this.#revision = revision;
    for (const [key, kept] of keys) {
      if (kept === undefined) this.#held.delete(key);
      else this.#held.set(key, { kept, revision });
    }
  }

  #load(): void {
    const path = join(this.#folder, JOURNAL);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) this.#files.write(path, new Uint8Array());
    const { puts, length } = readJournal(path);
    // A line that a crash cut off: the next one would stand behind it.
    if (statSync(path).size > length) truncateSync(path, length);
    for (const put of puts) this.#take(put);
    this.#rewrite();
  }

  /** Nothing is acknowledged that is not on the disk. A line that is there in part is taken back. */
  #append(line: Uint8Array): void {
    const path = join(this.#folder, JOURNAL);
    try {
      this.#files.append(path, line);
      this.#size += line.length;
    } catch (cause) {
      truncateSync(path, this.#size);
      throw new EnvironmentError('XDPOL_E_FLEET_STORE', `cannot write ${path}: ${String(cause)}`, {
        help: 'look at the space and the rights of the folder; nothing was changed',
        cause,
      });
    }
  }

  /** As it is now, without what was replaced; files of values that nothing names go. */
  #rewrite(): void {
    const byRevision = [...this.#held].sort(([, a], [, b]) => a.revision - b.revision);
    const lines = byRevision.map(([key, { kept, revision }]) => encodePut({ revision, keys: [[key, kept]] }));
    const content = Buffer.concat([...lines, encodePut({ revision: this.#revision, keys: [] })]);
    this.#files.write(join(this.#folder, JOURNAL), content);
    this.#size = content.length;
    this.#leastSize = content.length;
    const named = new Set([...this.#held.values()].map(({ kept }) => ('file' in kept ? kept.file : undefined)));
    const folder = join(this.#folder, VALUES);
    for (const file of readdirSync(folder)) if (!named.has(file)) this.#files.sweep(join(folder, file));
  }
}

function takeLock(folder: string): Disposable {
  try {
    return lockStore(folder, { patience: PATIENCE });
  } catch (cause) {
    if (!(cause instanceof LockHeld)) throw cause;
    throw new EnvironmentError('XDPOL_E_FLEET_STORE', `process ${cause.pid} uses the store ${folder}`, {
      help: 'where it is a front, ask the front; or end it first',
      cause,
    });
  }
}
