/** Packed bundles that hosts have asked for. */
import { readPacked } from '../blobs.ts';
import type { FleetStore } from '../fleet-store.ts';

/** Bytes of packed bundles that are kept: a push asks for one of them thousands of times. */
const MOST_KEPT = 67_108_864;

export class KeptBlobs {
  readonly #store: FleetStore;
  readonly #kept = new Map<string, Promise<Uint8Array | undefined>>();
  #size = 0;

  constructor(store: FleetStore) {
    this.#store = store;
  }

  async get(sha256: string): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(sha256);
    if (kept !== undefined) return await kept;
    const asked = readPacked(this.#store, sha256);
    this.#kept.set(sha256, asked);
    const found = await asked.catch(() => undefined);
    this.#size += found?.length ?? 0;
    if (found === undefined || this.#size > MOST_KEPT) {
      this.#kept.clear();
      this.#size = 0;
    }
    return await asked;
  }
}
