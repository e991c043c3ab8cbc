/**
 * Live sets of a policy, as tables see them. A member of a live set is in one more class besides that of its address:
 * one for each set and prefix length that filters ask for, numbered behind the address's own classes.
 */
import type { Family } from '../base/ip.ts';
import type { Feed } from '../policy/feed.ts';
import { LEVELS } from '../policy/live-sets.ts';

/** What the filters of a policy ask of one live set. */
export interface LiveSetClasses {
  /** As the policy calls it. */
  readonly name: string;
  /** Members that it may have. */
  readonly capacity: number;
  /** A rule that blocks asks for it. */
  readonly blocks: boolean;
  readonly feed?: Feed | undefined;
  /** Prefix lengths of its members, the longest first; of IPv4 and of IPv6. */
  readonly levels4: readonly number[];
  readonly levels6: readonly number[];
  /** The class of each level, in the order of the levels; empty where no filter asks for the set at that end. */
  readonly source4: readonly number[];
  readonly destination4: readonly number[];
  readonly source6: readonly number[];
  readonly destination6: readonly number[];
}

/** The number of a length in the tables, from 1; undefined where members cannot have it. */
export function liveLevel(family: Family, length: number): number | undefined {
  const at = LEVELS[family].indexOf(length);
  return at < 0 ? undefined : at + 1;
}
