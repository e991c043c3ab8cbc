/** Everything the analysis finds, as facts: analyse.ts words them. Pure and exact. */
import { present } from '../../base/assert.ts';
import { groupBy } from '../../base/group-by.ts';
import type { Policy } from '../../policy/model.ts';
import { candidatePairs } from './candidate-pairs.ts';
import type { Crossing } from './crossings.ts';
import { findCrossings } from './crossings.ts';
import type { DropSearch } from './dropped-otherwise.ts';
import { Effort } from './effort.ts';
import type { DroppedEssential } from './essential.ts';
import { droppedEssentials } from './essential.ts';
import type { OpenExemption } from './exemption-ports.ts';
import { openExemptions } from './exemption-ports.ts';
import type { HostFacts } from './facts.ts';
import type { HeardBesides } from './heard-besides.ts';
import { heardBesides } from './heard-besides.ts';
import type { IdenticalGroup } from './identical.ts';
import { identicalFilters } from './identical.ts';
import { Places } from './interface-limits.ts';
import type { MirrorHole } from './mirror-holes.ts';
import { mirrorHoles } from './mirror-holes.ts';
import { Overlaps } from './overlaps.ts';
import { Search } from './search.ts';
import type { Shadowed } from './shadowed.ts';
import { shadowedFilters } from './shadowed.ts';
import type { MeWithoutIpv4, MissingInterface } from './unfiltered-interfaces.ts';
import { meWithoutIpv4, missingInterfaces } from './unfiltered-interfaces.ts';
import type { RuleFilter, Space, Universe } from './universe.ts';
import { universeOf } from './universe.ts';
import type { Unmatched } from './unmatched.ts';
import { unmatchedFilters } from './unmatched.ts';

/** What the effort, or the number of findings, left out. */
export interface Cut {
  /** Not every filter and exemption was looked at for what it lets in. */
  readonly ports: boolean;
  /** Filters that may decide nothing. */
  readonly shadowed: number;
  /** Pairs of filters that may cross. */
  readonly pairs: number;
  /** Halves of permits whose pairs were not even counted. */
  readonly permits: number;
}

export interface Findings {
  readonly universe: Universe;
  readonly identical: readonly IdenticalGroup[];
  /** One for each pair of filters. */
  readonly crossings: readonly Crossing[];
  /** Without those that only repeat what `identical` says. */
  readonly shadowed: readonly Shadowed[];
  readonly mirrorHoles: readonly MirrorHole[];
  readonly openExemptions: readonly OpenExemption[];
  readonly heardBesides: readonly HeardBesides[];
  readonly unmatched: readonly Unmatched[];
  readonly missingInterfaces: readonly MissingInterface[];
  readonly meWithoutIpv4: MeWithoutIpv4 | undefined;
  readonly droppedEssentials: readonly DroppedEssential[];
  /** Without a single block where the default permits. */
  readonly blocksNothing: boolean;
  readonly cut: Cut;
}

/** Crossings looked for: there may be a pair for any two filters. */
const CROSSINGS = 10_000;

/** Without an effort the answer is exact, however long it takes, but for the number of crossings. */
export function findingsOf(policy: Policy, facts: HostFacts, effort: Effort = new Effort()): Findings {
  const universe = universeOf(policy, facts);
  const places = new Places(universe);
  const contexts = universe.spaces.map((space): DropSearch => {
    const blocks = new Overlaps(space, partsThat(space, 'block'), effort);
    return { universe, space, places, effort, blocks, search: new Search(space, effort) };
  });
  const identical = identicalFilters(universe);
  effort.beginPhase(0.2);
  const holes = contexts.flatMap(mirrorHoles);
  const open = contexts.flatMap(openExemptions);
  const heard = contexts.flatMap(heardBesides);
  const isPortsCut = effort.isPhaseSpent;
  effort.beginPhase(0.4);
  const searchOf = (space: Space): Search => present(contexts.find((one) => one.space === space)).search;
  const { shadowed, unknown } = shadowedFilters(universe, { places, searchOf, effort });
  effort.beginPhase(1);
  const crossings = crossingsOf(contexts, identical);
  return {
    universe,
    identical,
    crossings: crossings.found,
    shadowed: omitRepeats(shadowed, identical),
    mirrorHoles: pickLargestOfEach(holes),
    openExemptions: firstOfEach(open, ({ exemption }) => exemption),
    heardBesides: firstOfEach(heard, ({ filter }) => filter),
    unmatched: unmatchedFilters(universe, facts),
    missingInterfaces: missingInterfaces(universe, policy.rules, facts),
    meWithoutIpv4: meWithoutIpv4(universe, facts),
    droppedEssentials: droppedEssentials(universe, facts),
    blocksNothing:
      policy.default === 'permit' && policy.rules.length > 0 && policy.rules.every((r) => r.action === 'permit'),
    cut: { ports: isPortsCut, shadowed: unknown, ...crossings.left },
  };
}

function crossingsOf(
  contexts: readonly DropSearch[],
  identical: readonly IdenticalGroup[],
): { readonly found: readonly Crossing[]; readonly left: Pick<Findings['cut'], 'pairs' | 'permits'> } {
  const crossings = new CrossingPairs(present(contexts[0]).universe.filters.length, identical, CROSSINGS);
  let [pairs, permits] = [0, 0];
  for (const { space, blocks, places, search, effort } of contexts) {
    const candidates = candidatePairs(partsThat(space, 'permit'), blocks, effort);
    const context = { places, search, space, effort, skip: crossings.isTold };
    pairs += candidates.left.pairs + findCrossings(candidates.pairs, context, crossings.add);
    permits += candidates.left.permits;
  }
  return { found: crossings.all, left: { pairs, permits } };
}

/** Of two families. */
function firstOfEach<T, K>(items: readonly T[], keyOf: (item: T) => K): readonly T[] {
  return [...groupBy(items, keyOf).values()].map((all) => present(all[0]));
}

/** Of the holes of one filter in both families, that from networks; in the order of the filters. */
function pickLargestOfEach(holes: readonly MirrorHole[]): readonly MirrorHole[] {
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
function omitRepeats(shadowed: readonly Shadowed[], identical: readonly IdenticalGroup[]): readonly Shadowed[] {
  const dead = new Set(shadowed.map(({ filter }) => filter));
  const repeats = new Set(
    identical.flatMap((group) => (group.every((filter) => dead.has(filter)) ? group.slice(1) : group)),
  );
  return shadowed.filter(({ filter }) => !repeats.has(filter));
}
