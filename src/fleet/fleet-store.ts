/** Where the fleet's records are: files of this machine, etcd, or a front that is asked. All behave alike. */

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Of the store when the key was last written. */
  readonly revision: number;
}

export interface Listed {
  /** By key. */
  readonly entries: readonly Entry[];
  readonly revision: number;
}

/** A write that holds only where nobody has written the key since it was read. */
export interface Put {
  readonly key: string;
  /** undefined: the key is removed. Only parts of blobs, tokens and audits are; an order is never taken back like that. */
  readonly value: Uint8Array | undefined;
  /** That of the entry that was read; 0: the key must not be there. */
  readonly ifRevision: number;
}

export type PutResult =
  | { readonly isDone: true; readonly revision: number }
  /** Nothing was written: another writer was first. `key` is one of those that changed. */
  | { readonly isDone: false; readonly key: string };

export interface Change {
  readonly key: string;
  /** undefined: the key was removed. */
  readonly entry: Entry | undefined;
  readonly revision: number;
}

export interface Follower {
  /**
   * Everything under the prefixes: at the start, unless `since` can be gone on from, and whenever changes may have been
   * missed. What was known before and is not in it is gone.
   */
  readonly state: (listed: Listed) => void;
  /** In the order of their revisions. */
  readonly changes: (changes: readonly Change[]) => void;
  /** The store does not answer; following goes on by itself when it does. */
  readonly lost?: (error: unknown) => void;
}

/** Values are at most this many bytes, and a put at most MOST_PUTS of them: what etcd takes. */
export const MOST_VALUE = 1_200_000;
export const MOST_PUTS = 100;

/** Every call rejects with XDPOL_E_FLEET_STORE where the store does not answer. */
export interface FleetStore extends AsyncDisposable {
  get(key: string): Promise<Entry | undefined>;
  /** Every key that begins with the prefix. */
  list(prefix: string): Promise<Listed>;
  /** All of them or none. */
  put(puts: readonly Put[]): Promise<PutResult>;
  /** `since`: the revision up to which everything is known; else it begins with the state. Disposing ends it. */
  follow(prefixes: readonly string[], follower: Follower, since?: number): Disposable;
}
