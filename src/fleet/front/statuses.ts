/** What hosts say of themselves: written to the store a second later, many at a time. */

import type { FleetStore, Put } from '../fleet-store.ts';
import { MOST_PUTS } from '../fleet-store.ts';
import { KEYS } from '../record-keys.ts';
import type { HostStatus } from '../records.ts';
import { encodeRecord } from '../records.ts';

/** Milliseconds. */
const INTERVAL = 1000;

export class Statuses {
  readonly #store: FleetStore;
  readonly #lost: (error: unknown) => void;
  /** The newest of each host that is not written yet. */
  readonly #waiting = new Map<string, HostStatus>();
  /** Of the key of each host, as it was written last. */
  readonly #revisions = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> | undefined;

  constructor(store: FleetStore, lost: (error: unknown) => void) {
    this.#store = store;
    this.#lost = lost;
    this.#timer = setInterval(() => void this.flush(), INTERVAL);
  }

  take(host: string, status: HostStatus): void {
    this.#waiting.set(host, status);
  }

  /** One at a time; what cannot be written waits for the next. */
  async flush(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #writeAll(): Promise<void> {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (let at = 0; at < all.length; at += MOST_PUTS) {
      const part = all.slice(at, at + MOST_PUTS);
      try {
        await this.#write(part);
      } catch (error) {
        this.#lost(error);
        for (const [host, status] of part) if (!this.#waiting.has(host)) this.#waiting.set(host, status);
      }
    }
  }

  /** Where another front wrote some of them, the hosts have changed over to this one: theirs is the newer one. */
  async #write(part: readonly (readonly [string, HostStatus])[]): Promise<void> {
    await this.#ask(part.filter(([host]) => !this.#revisions.has(host)));
    if (await this.#put(part)) return;
    await this.#ask(part);
    if (!(await this.#put(part))) throw new Error('another front writes what the same hosts say of themselves');
  }

  async #put(part: readonly (readonly [string, HostStatus])[]): Promise<boolean> {
    const puts = part.map(
      ([host, status]): Put => ({
        key: KEYS.status(host),
        value: encodeRecord(status),
        ifRevision: this.#revisions.get(host) ?? 0,
      }),
    );
    const result = await this.#store.put(puts);
    if (result.isDone) for (const [host] of part) this.#revisions.set(host, result.revision);
    return result.isDone;
  }

  async #ask(part: readonly (readonly [string, HostStatus])[]): Promise<void> {
    await Promise.all(
      part.map(async ([host]) => {
        this.#revisions.set(host, (await this.#store.get(KEYS.status(host)))?.revision ?? 0);
      }),
    );
  }
}
