/**
 * The total order of section "Which filter wins": no rule order, the most specific matching
 * filter decides. Every key is a small number and the lower one comes first, so that comparing
 * two filters is comparing two tuples.
 */
import type { Action, IcmpMatch, PortRange } from './model.ts';

/** Keys by name, in order of significance. `addressLong` and `addressShort` are prefix lengths: the longer wins. */
export interface Specificity {
  readonly addressLong: number;
  readonly addressShort: number;
  /** 1 where the filter names a protocol. */
  readonly protocol: 0 | 1;
  /** Values in the narrower port range (ICMP: of type), 1..65536. */
  readonly portNarrow: number;
  readonly portWide: number;
  readonly established: 0 | 1;
  /** 1 where the filter matches later fragments only. */
  readonly fragment: 0 | 1;
  /** 1 where the rule is limited to interfaces. */
  readonly interface: 0 | 1;
}

export const SPECIFICITY_KEYS: readonly (keyof Specificity)[] = [
  'addressLong',
  'addressShort',
  'protocol',
  'portNarrow',
  'portWide',
  'established',
  'fragment',
  'interface',
];

/** What decides between two candidates: a key of the rank, then the action, then the position of the rule. */
export type DecidingKey = keyof Specificity | 'action' | 'position';

const SMALLER_WINS: ReadonlySet<string> = new Set(['portNarrow', 'portWide']);
const ICMP_VALUES = 256;

/** One direction of a filter with one address prefix and one port range at each end. */
export interface DirectedMatch {
  readonly sourceLength: number;
  readonly destinationLength: number;
  readonly protocol: number | undefined;
  readonly sourcePort: PortRange;
  readonly destinationPort: PortRange;
  readonly icmp: IcmpMatch | undefined;
  readonly established: boolean;
  readonly fragment: boolean;
  readonly limited: boolean;
}

export function specificityOf(match: DirectedMatch): Specificity {
  const [portNarrow, portWide] = portWidths(match);
  return {
    addressLong: Math.max(match.sourceLength, match.destinationLength),
    addressShort: Math.min(match.sourceLength, match.destinationLength),
    protocol: match.protocol === undefined ? 0 : 1,
    portNarrow,
    portWide,
    established: match.established ? 1 : 0,
    fragment: match.fragment ? 1 : 0,
    interface: match.limited ? 1 : 0,
  };
}

/** For ICMP the type, then the code, take the place of the ports; without a type both are as wide as any port. */
function portWidths(match: DirectedMatch): readonly [narrow: number, wide: number] {
  if (match.icmp !== undefined) return [1, match.icmp.code === undefined ? ICMP_VALUES : 1];
  const source = match.sourcePort.hi - match.sourcePort.lo + 1;
  const destination = match.destinationPort.hi - match.destinationPort.lo + 1;
  return source < destination ? [source, destination] : [destination, source];
}

/** What the order needs to know of a candidate besides its specificity. */
export interface Ranked {
  readonly specificity: Specificity;
  readonly action: Action;
  /** Position of the rule in its policy: settles which of two agreeing rules counts. */
  readonly ruleIndex: number;
}

/** Negative where `a` comes first; never 0 for filters of different rules. */
export function compareRanked(a: Ranked, b: Ranked): number {
  for (const key of SPECIFICITY_KEYS) {
    const difference = a.specificity[key] - b.specificity[key];
    if (difference !== 0) return SMALLER_WINS.has(key) ? difference : -difference;
  }
  if (a.action !== b.action) return a.action === 'block' ? -1 : 1;
  return a.ruleIndex - b.ruleIndex;
}

/** The key that puts one of two candidates before the other. */
export function decidingKey(a: Ranked, b: Ranked): DecidingKey {
  const key = SPECIFICITY_KEYS.find((k) => a.specificity[k] !== b.specificity[k]);
  return key ?? (a.action === b.action ? 'position' : 'action');
}
