/** The members of the live sets of this network namespace, as programs in force see them. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { findPinRoot } from '../bpffs.ts';
import type { JiffiesClock } from '../jiffies.ts';
import type { Added, LiveMember, LiveMemberName } from './live-table.ts';
import type { LiveTables, OpenedLiveTables } from './live-tables.ts';
import { openLiveTables } from './live-tables.ts';

/**
 * The tables that are pinned when it is opened: of more than one pair each has every member. Whoever writes holds the
 * store's lock, and opens the tables anew where another one may have put a policy in force.
 */
export class LiveSets {
  readonly #all: readonly LiveTables[];
  readonly #hasOthers: boolean;

  constructor({ own, hasOthers }: OpenedLiveTables) {
    this.#all = own;
    this.#hasOthers = hasOthers;
  }

  /** Without any pair where no policy in force has a live set. The clock stays in use. */
  static open(clock: JiffiesClock): LiveSets {
    const root = findPinRoot();
    return new LiveSets(root === undefined ? { own: [], hasOthers: false } : openLiveTables(root, clock));
  }

  /** Throws where a program in force would not see a change. */
  requireSeen(): void {
    if (!this.#hasOthers) return;
    throw new EnvironmentError(
      'XDPOL_E_LIVE_TABLES_VERSION',
      'the policy in force was put there by another version of xdpol, and would not see a change of its live sets',
      { help: 'put it in force again, with all members of its sets: xdpol restore' },
    );
  }

  /** Numbers of the maps: others than before where other tables are pinned now. */
  get ids(): readonly number[] {
    return this.#all.flatMap(({ maps }) => [maps[4].id, maps[6].id]);
  }

  /** A member that is there keeps the later end, or gets this one with `replace`. `full`: no table has it now. */
  add(member: LiveMember, options: { readonly replace?: boolean } = {}): Added {
    const results = this.#all.map(({ byFamily }) => byFamily[member.family].add(member, options));
    if (results.includes('full')) {
      for (const [i, result] of results.entries()) {
        if (result === 'added') this.#all[i]?.byFamily[member.family].remove(member);
      }
      return 'full';
    }
    return results.at(-1) ?? 'present';
  }

  /** False where it was not there. */
  remove(name: LiveMemberName): boolean {
    return this.#all.map(({ byFamily }) => byFamily[name.family].remove(name)).includes(true);
  }

  /** Is it there, and has not ended? */
  has(name: LiveMemberName): boolean {
    return this.#all.at(-1)?.byFamily[name.family].has(name) ?? false;
  }

  /** All members of a set. */
  clear(set: number): void {
    for (const { byFamily } of this.#all) for (const table of [byFamily[4], byFamily[6]]) table.clear(set);
  }

  /** Of what the newest pair has; those that have ended included. */
  *members(): IterableIterator<LiveMember> {
    const newest = this.#all.at(-1);
    if (newest === undefined) return;
    yield* newest.byFamily[4].members();
    yield* newest.byFamily[6].members();
  }

  /** Takes away what has ended, which programs do not see any more in any case. */
  removeEnded(): number {
    return Math.max(0, ...this.#all.map(({ byFamily }) => byFamily[4].removeEnded() + byFamily[6].removeEnded()));
  }
}
