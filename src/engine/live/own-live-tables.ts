/** Live tables that are pinned nowhere, for programs that are attached to nothing. */
import type { LiveSetClasses } from '../../compiler/live-classes.ts';
import type { LiveMembers } from '../../policy/live-sets.ts';
import { prefixesOf } from '../../policy/prefix-set.ts';
import { JiffiesClock } from '../jiffies.ts';
import type { LiveNumbers, LiveProgram } from './live-program.ts';
import { liveProgram } from './live-program.ts';
import type { LiveMember } from './live-table.ts';
import { LiveTables } from './live-tables.ts';

/** Room for those that come later. */
const LEAST_CAPACITY = 1000;

/** Owns the tables. */
export class OwnLiveTables implements Disposable {
  readonly numbers: LiveNumbers;
  readonly tables: LiveTables;
  readonly program: LiveProgram;
  readonly #clock: JiffiesClock;

  constructor(sets: readonly LiveSetClasses[], capacity: number) {
    this.numbers = new Map(sets.map(({ name }, number) => [name, number]));
    this.#clock = new JiffiesClock();
    try {
      this.tables = LiveTables.create({ 4: capacity, 6: capacity }, this.#clock);
    } catch (error) {
      this.#clock[Symbol.dispose]();
      throw error;
    }
    this.program = liveProgram(sets, this.numbers, this.tables);
  }

  /** With these members; undefined where the policy has no live sets. */
  static of(sets: readonly LiveSetClasses[], members: LiveMembers = new Map()): OwnLiveTables | undefined {
    if (sets.length === 0) return undefined;
    const count = [...members.values()].reduce((sum, { v4, v6 }) => sum + Math.max(v4.count, v6.count), 0);
    const own = new OwnLiveTables(sets, Math.max(count, LEAST_CAPACITY));
    for (const member of liveMembers(members, own.numbers)) own.tables.byFamily[member.family].add(member);
    return own;
  }

  [Symbol.dispose](): void {
    this.tables[Symbol.dispose]();
    this.#clock[Symbol.dispose]();
  }
}

/** Of sets that have a number; none of them ends. */
export function* liveMembers(members: LiveMembers, numbers: LiveNumbers): Generator<LiveMember> {
  for (const [name, prefixes] of members) {
    const set = numbers.get(name);
    if (set === undefined) continue;
    for (const prefix of prefixesOf(prefixes)) yield { set, ...prefix };
  }
}
