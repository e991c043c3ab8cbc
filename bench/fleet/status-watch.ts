/** When the status of each host is there for whoever asks the fleet. */

import type { FleetStore } from '../../src/fleet/fleet-store.ts';
import { KEYS, PREFIXES } from '../../src/fleet/record-keys.ts';
import { parseRecord, readStatus } from '../../src/fleet/records.ts';
import { now } from './messages.ts';

const LONGEST = 120_000;
const PREFIX_LENGTH = KEYS.status('').length;

export class StatusWatch implements Disposable {
  readonly #following: Disposable;
  /** When it was first seen, by host and seq. */
  readonly #seen = new Map<number, Map<string, number>>();
  #look: () => void = () => undefined;

  constructor(store: FleetStore) {
    this.#following = store.follow([PREFIXES.statuses], {
      state: () => undefined,
      changes: (changes) => {
        for (const { key, entry } of changes) {
          const status = entry === undefined ? undefined : readStatus(parseRecord(entry.value));
          if (status?.seq != null) this.#note(key.slice(PREFIX_LENGTH), status.seq);
        }
        this.#look();
      },
    });
  }

  /** By host. Rejects where not all are there in time. */
  async seen(seq: number, count: number): Promise<ReadonlyMap<string, number>> {
    const found = (): ReadonlyMap<string, number> => this.#seen.get(seq) ?? new Map();
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`status: ${found().size} of ${count} hosts in the store`)),
        LONGEST,
      );
      this.#look = () => {
        if (found().size < count) return;
        clearTimeout(late);
        resolve();
      };
      this.#look();
    });
    return found();
  }

  #note(host: string, seq: number): void {
    const hosts = this.#seen.get(seq) ?? new Map<string, number>();
    this.#seen.set(seq, hosts);
    if (!hosts.has(host)) hosts.set(host, now());
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }
}
