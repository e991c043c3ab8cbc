/** A snapshot that is kept: what changes comes from the store, and nothing else is read again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetStore } from '../fleet-store.ts';
import type { Snapshot } from './snapshot.ts';
import { SnapshotTables, takeSnapshot } from './snapshot.ts';

/** Milliseconds that the store has for its state, before it is asked. */
const FIRST_PATIENCE = 10_000;

export class FollowedSnapshot implements Disposable {
  readonly #store: FleetStore;
  readonly #tables: SnapshotTables = new SnapshotTables();
  readonly #following: Disposable;
  readonly #first: Promise<void>;
  #isCurrent = false;

  constructor(store: FleetStore) {
    this.#store = store;
    let resolve = (): void => undefined;
    this.#first = new Promise((done) => {
      resolve = done;
    });
    this.#following = store.follow(this.#tables.prefixes, {
      state: ({ entries }) => {
        this.#tables.clear();
        for (const entry of entries) this.#tables.take(entry.key, entry);
        this.#isCurrent = true;
        resolve();
      },
      changes: (changes) => {
        for (const { key, entry } of changes) this.#tables.take(key, entry);
        this.#isCurrent = true;
      },
      lost: () => {
        this.#isCurrent = false;
        resolve();
      },
    });
  }

  /** Another number after each change of what is known. */
  get version(): number {
    return this.#tables.version;
  }

  /** What is known; while the store cannot be followed it is asked, and throws where it does not answer. */
  async now(): Promise<Snapshot> {
    if (!this.#isCurrent) await Promise.race([this.#first, sleep(FIRST_PATIENCE, undefined, { ref: false })]);
    return this.#isCurrent ? this.#tables : await takeSnapshot(this.#store);
  }

  /** What this process has just written counts at once. */
  wrote(key: string, value: Uint8Array, revision: number): void {
    this.#tables.take(key, { key, value, revision });
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }
}
