/** Everything the analysis finds, as facts: analyse.ts words them. Pure and exact. */
import { present } from '../../base/assert.ts';
import type { HostAddresses, Policy } from '../../policy/model.ts';
import type { Crossing } from './crossings.ts';
import { findCrossings } from './crossings.ts';
import type { IdenticalGroup } from './identical.ts';
import { identicalFilters } from './identical.ts';
import { Places } from './interfaces.ts';
import type { MirrorHole } from './mirror-holes.ts';
import { mirrorHoles } from './mirror-holes.ts';
import { Overlaps } from './overlaps.ts';
import { Search } from './search.ts';
import type { Shadowed } from './shadowed.ts';
import { Liveness, shadowedFilters } from './shadowed.ts';
import type { RuleFilter, Space, Universe } from './universe.ts';
import { universeOf } from './universe.ts';

export interface Findings {
  readonly universe: Universe;
  readonly identical: readonly IdenticalGroup[];
  /** One for each pair of filters. */
  readonly crossings: readonly Crossing[];
  /** The search for crossings ended at the limit: there may be more. */
  readonly crossingsCut: boolean;
  /** Without those that only repeat what `identical` says. */
  readonly shadowed: readonly Shadowed[];
  readonly mirrorHoles: readonly MirrorHole[];
  /** Without a single block where the default permits. */
  readonly blocksNothing: boolean;
}

/** Stops to look for crossings after so many; there may be a pair for any two filters. */
export function findingsOf(
  policy: Policy,
  host: HostAddresses,
  crossingLimit: number = Number.POSITIVE_INFINITY,
): Findings {
  const universe = universeOf(policy, host);
  const places = new Places(universe);
  const searches = new Map(universe.spaces.map((space) => [space, new Search(space)]));
  const blocks = new Map(universe.spaces.map((space) => [space, new Overlaps(space, partsThat(space, 'block'))]));
  const liveness = new Liveness(places, searches);
  const identical = identicalFilters(universe);
  const at = (space: Space): { readonly search: Search; readonly blocks: Overlaps } => ({
    search: present(searches.get(space)),
    blocks: present(blocks.get(space)),
  });
  const crossings = new CrossingPairs(universe.filters.length, identical, crossingLimit);
  for (const space of universe.spaces) {
    const skip = crossings.isTold;
    findCrossings(partsThat(space, 'permit'), { places, skip, ...at(space) }, crossings.add);
  }
  const holes = universe.spaces.flatMap((space) => mirrorHoles(universe, space, { places, ...at(space) }));
  return {
    universe,
    identical,
    crossings: crossings.all,
    crossingsCut: crossings.isFull,
    shadowed: withoutRepeats(shadowedFilters(universe, liveness), identical),
    mirrorHoles: largestOfEach(holes),
    blocksNothing:
      policy.default === 'permit' && policy.rules.length > 0 && policy.rules.every((r) => r.action === 'permit'),
  };
}

/** Of the holes of one filter in both families, that from networks; in the order of the filters. */
function largestOfEach(holes: readonly MirrorHole[]): readonly MirrorHole[] {
  const kept = new Map<RuleFilter, MirrorHole>();
  for (const hole of holes) {
    const known = kept.get(hole.filter);
    if (known === undefined || (known.isFromHosts && !hole.isFromHosts)) kept.set(hole.filter, hole);
  }
  return [...kept.values()].sort((a, b) => a.filter.index - b.filter.index);
}

function partsThat({ parts }: Space, action: 'permit' | 'block'): Space['parts'] {
  return parts.filter((part) => part.owner.rule.action === action);
}

/** Crossings by pair of filters. */
class CrossingPairs {
  readonly #count: number;
  readonly #limit: number;
  readonly #groupOf = new Map<RuleFilter, IdenticalGroup>();
  readonly #found = new Map<number, Crossing>();

  constructor(count: number, identical: readonly IdenticalGroup[], limit: number) {
    this.#count = count;
    this.#limit = limit;
    for (const group of identical) for (const filter of group) this.#groupOf.set(filter, group);
  }

  readonly isTold = (a: RuleFilter, b: RuleFilter): boolean => {
    if (this.#found.get(this.#keyOf(a, b))?.adjacent === true) return true;
    const group = this.#groupOf.get(a);
    return group !== undefined && group === this.#groupOf.get(b);
  };

  /** False once there are enough. */
  readonly add = (crossing: Crossing): boolean => {
    const key = this.#keyOf(crossing.winner, crossing.loser);
    if (crossing.adjacent || !this.#found.has(key)) this.#found.set(key, crossing);
    return !this.isFull;
  };

  get isFull(): boolean {
    return this.#found.size >= this.#limit;
  }

  /** In the order of the filters. */
  get all(): readonly Crossing[] {
    return [...this.#found].sort(([a], [b]) => a - b).map(([, crossing]) => crossing);
  }

  #keyOf(a: RuleFilter, b: RuleFilter): number {
    return Math.min(a.index, b.index) * this.#count + Math.max(a.index, b.index);
  }
}

/** Of filters that match the same, all but one decide nothing; the one is told only where it decides nothing either. */
function withoutRepeats(shadowed: readonly Shadowed[], identical: readonly IdenticalGroup[]): readonly Shadowed[] {
  const dead = new Set(shadowed.map(({ filter }) => filter));
  const repeats = new Set(
    identical.flatMap((group) => (group.every((filter) => dead.has(filter)) ? group.slice(1) : group)),
  );
  return shadowed.filter(({ filter }) => !repeats.has(filter));
}
