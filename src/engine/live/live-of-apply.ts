/** The live tables of a policy that is to be put in force. */
import { EnvironmentError } from '../../base/environment-error.ts';
import type { LoadableTables } from '../../compiler/loadable.ts';
import { JiffiesClock } from '../jiffies.ts';
import type { LiveNumbers, LiveProgram } from './live-program.ts';
import { liveProgram } from './live-program.ts';
import type { Added, LiveMember } from './live-table.ts';
import { capacityOf, LiveTables, liveTablesFor } from './live-tables.ts';

export interface LiveRequest {
  /** Of every live set of the policy. A number is another set's only once its members are cleared. */
  readonly numbers: LiveNumbers;
  /** What the sets have; members that are there already keep the later end. */
  readonly members: Iterable<LiveMember>;
}

/** A policy without one of its members would let pass what it must not. */
function requireRoom(added: Added): void {
  if (added !== 'full') return;
  throw new EnvironmentError(
    'XDPOL_E_LIVE_TABLES_FULL',
    'the live sets have more members than their tables have room for',
    {
      help: 'give them a larger `capacity` in the policy, or take members away: xdpol set remove',
    },
  );
}

/** Tables that hold the members of the request, and what the programs of each interface are loaded with. */
export class LiveOfApply implements Disposable {
  readonly #clock = new JiffiesClock();
  readonly #tables: LiveTables;
  readonly #numbers: LiveNumbers;

  private constructor(
    policies: readonly Pick<LoadableTables, 'live'>[],
    request: LiveRequest,
    root: string | undefined,
  ) {
    const capacities = policies.map(({ live }) => capacityOf(live));
    const capacity = {
      4: Math.max(...capacities.map((one) => one[4])),
      6: Math.max(...capacities.map((one) => one[6])),
    };
    this.#numbers = request.numbers;
    try {
      this.#tables =
        root === undefined ? LiveTables.create(capacity, this.#clock) : liveTablesFor(root, capacity, this.#clock);
    } catch (error) {
      this.#clock[Symbol.dispose]();
      throw error;
    }
    try {
      for (const member of request.members) requireRoom(this.#tables.byFamily[member.family].add(member));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** undefined where none of the policies has live sets. Without a root nothing is pinned. */
  static of(
    policies: readonly Pick<LoadableTables, 'live'>[],
    request: LiveRequest = { numbers: new Map(), members: [] },
    root?: string,
  ): LiveOfApply | undefined {
    return policies.some(({ live }) => live.length > 0) ? new LiveOfApply(policies, request, root) : undefined;
  }

  /** The program is to be loaded before this is disposed. undefined where this policy has no live sets. */
  program({ live }: Pick<LoadableTables, 'live'>): LiveProgram | undefined {
    return live.length === 0 ? undefined : liveProgram(live, this.#numbers, this.#tables);
  }

  [Symbol.dispose](): void {
    this.#tables[Symbol.dispose]();
    this.#clock[Symbol.dispose]();
  }
}
