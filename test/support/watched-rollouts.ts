/**
 * What may be in force where, by what operators wrote: every order counts from the first try to write it on, so that a write
 * whose answer was lost counts too.
 */
import type { FleetStore, Put } from '../../src/fleet/fleet-store.ts';
import { digestOf } from '../../src/fleet/order.ts';
import { PREFIXES } from '../../src/fleet/record-keys.ts';
import { parseRecord } from '../../src/fleet/records.ts';
import type { RolloutRecord } from '../../src/fleet/rollout-record.ts';
import { readRollout } from '../../src/fleet/rollout-record.ts';
import { decodeSigned } from '../../src/fleet/signing.ts';
import type { HostFolders } from './fleet-centre.ts';
import type { PutInForce } from './fleet-journal.ts';
import { readJournal } from './fleet-journal.ts';

interface Allowed {
  /** Milliseconds since 1970. */
  readonly from: number;
  /** null: all of the target. */
  readonly hosts: readonly string[] | null;
}

export class WatchedRollouts {
  /** By the digest of the order. */
  readonly #allowed = new Map<string, Allowed>();
  readonly #hosts: readonly HostFolders[];
  /** Rings that were released before the ring before them had the policy. */
  readonly early: string[] = [];

  constructor(hosts: readonly HostFolders[]) {
    this.#hosts = hosts;
  }

  /** The store, for operators: what they write is noted. */
  watch(store: FleetStore): FleetStore {
    return {
      get: (key) => store.get(key),
      list: (prefix) => store.list(prefix),
      follow: (prefixes, follower, since) => store.follow(prefixes, follower, since),
      put: (puts) => {
        for (const put of puts) this.#note(put);
        return store.put(puts);
      },
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  }

  /** Orders in force on a host of the groups that were not for it, or not yet. */
  faultsOf(host: HostFolders, groups: readonly string[]): readonly string[] {
    const targets = [`host/${host.name}`, 'fleet', ...groups.map((group) => `group/${group}`)];
    return readJournal(host).flatMap((line) => {
      const fault = this.#faultOf(host.name, targets, line);
      return fault === undefined ? [] : [`${host.name} has ${line.order.seq} of ${line.order.target} ${fault}`];
    });
  }

  #faultOf(name: string, targets: readonly string[], { at, digest, order }: PutInForce): string | undefined {
    const allowed = this.#allowed.get(digest);
    if (allowed === undefined) return 'which nobody has released';
    if (!targets.includes(order.target)) return 'which is for others';
    if (allowed.hosts?.includes(name) === false) return 'which is for other rings';
    return at < allowed.from ? `${allowed.from - at} ms before it was released` : undefined;
  }

  #note({ key, value }: Put): void {
    if (value === undefined) return;
    if (key.startsWith(PREFIXES.policy)) {
      const signed = decodeSigned(value);
      if (signed !== undefined) this.#allow(digestOf(signed), null);
    }
    const record = key.startsWith(PREFIXES.rollouts) ? readRollout(parseRecord(value)) : undefined;
    if (record !== undefined) this.#noteRollout(record);
  }

  #noteRollout({ id, waves, released, back, state }: RolloutRecord): void {
    for (const [at, { signed, hosts }] of waves.slice(0, released).entries()) {
      const digest = digestOf(signed);
      if (at > 0 && !this.#allowed.has(digest)) this.#requireReached(id, waves.slice(0, at));
      this.#allow(digest, hosts);
    }
    if (state === 'returned') this.#allow(digestOf(back), null);
  }

  /** Every host of these rings has put the order of its ring in force. */
  #requireReached(id: string, waves: RolloutRecord['waves']): void {
    for (const { signed, hosts } of waves) {
      const digest = digestOf(signed);
      for (const host of this.#hosts.filter(({ name }) => hosts?.includes(name))) {
        if (readJournal(host).some((line) => line.digest === digest)) continue;
        this.early.push(`${id}: ring ${waves.length + 1} before ${host.name} of a ring before it had the policy`);
      }
    }
  }

  #allow(digest: string, hosts: readonly string[] | null): void {
    if (!this.#allowed.has(digest)) this.#allowed.set(digest, { from: Date.now(), hosts });
  }
}
