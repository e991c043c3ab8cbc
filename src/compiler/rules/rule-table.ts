/**
 * Pass 6. From the classes of a packet's two addresses to the filter that decides: a dense
 * cross-product of all classes while it is small, a set of filters for each pair while that is small,
 * three sets of which the best value decides, and else for each class the set of the ranks that it
 * matches.
 */
import { present } from '../../base/assert.ts';
import type { RuleShapeFields } from '../../layout/layout.gen.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { AddressClasses } from '../classes/address-classes.ts';
import { conditionsByClass } from '../classes/address-classes.ts';
import type { RankSets } from '../classes/rank-sets.ts';
import type { Services } from '../classes/service-classes.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import { ANY_ADDRESS } from '../conditions/resolve.ts';
import type { PairEntry } from '../encode/pair-hash.ts';
import { encodePairs } from '../encode/pair-hash.ts';
import { mergeAscending } from '../merge-ascending.ts';
import type { AddressSets } from './address-rank-sets.ts';
import { addressSets, NO_ADDRESS_SETS } from './address-rank-sets.ts';
import type { RuleSets } from './rule-sets.ts';

/** Largest tables of each mode; measured in bench/: past them the next mode is faster or the only one that fits. */
export interface Budgets {
  /** Cells of the dense cross-product of all classes, at most 65536: 16 bits of an address class are a place in it. */
  readonly denseCells: number;
  /** Address classes of one end: of more a policy is refused. At most 2^24, as the blocks of IPv6 hold. */
  readonly addressClasses: number;
  /** Pairs of address classes that may have a set each. */
  readonly rowPairs: number;
  /** Bytes of rows, subrows and lists that the pairs may need. */
  readonly rowBytes: number;
  /** Pairs of a destination and a source service class that a row may tell apart. */
  readonly rowServices: number;
  /** Address conditions of all classes together, for every form but rank sets: past it listing them takes too long. */
  readonly classConditions: number;
  /** Cells painted and ranks merged for the cross-product or the rows: past it compiling takes too long. */
  readonly rowWork: number;
  /** Pairs in the sparse hash, of any policy. */
  readonly sparsePairs: number;
  /** Pairs in the sparse hash for each directed filter, where that is more. */
  readonly pairsPerFilter: number;
  /** Bytes of rows, subrows and lists altogether. */
  readonly setBytes: number;
  /** As rowWork, for the sparse tables. */
  readonly sparseWork: number;
  /** Nodes of rank sets, one for each class and group of ranks, up to which each has its own. */
  readonly ownNodes: number;
  /** Ranges of an IPv4 end that are one root, at most 9. */
  readonly root4Ranges: number;
  /** Ranges of an IPv4 end up to which no bit for each /24 stands in front: past them it saves more lines than it costs. */
  readonly unfiltered4Ranges: number;
  /** Classes of an end up to which a leaf or a root has 16 bits for each, at most 65536. */
  readonly narrowClasses: number;
  /** Ranges of an IPv6 end that are one root, at most 9, besides single addresses. */
  readonly root6Ranges: number;
  /** Ranges of an IPv6 end that are one tree; more are blocks. */
  readonly tree6Ranges: number;
  /** Pages of ports that are found by where they begin, at most 256; more are found by number, which is looked at with care. */
  readonly placedPages: number;
}

export const DEFAULT_BUDGETS: Budgets = {
  denseCells: 1 << 16,
  addressClasses: 1 << 20,
  rowPairs: 1 << 20,
  rowBytes: 8 << 20,
  rowServices: 1 << 20,
  classConditions: 1 << 22,
  rowWork: 1 << 23,
  sparsePairs: 1 << 18,
  pairsPerFilter: 24,
  setBytes: 1 << 26,
  sparseWork: 1 << 25,
  ownNodes: 1 << 16,
  root4Ranges: ENUMS.layout.ROOT_BOUNDS + 1,
  unfiltered4Ranges: 20_000,
  narrowClasses: 1 << 16,
  root6Ranges: ENUMS.layout.ROOT_BOUNDS + 1,
  tree6Ranges: 1000,
  placedPages: ENUMS.layout.PORT_PAGES,
};

export type ModeName = 'dense' | 'rows' | 'sparse' | 'ranks';

const MODES: Readonly<Record<ModeName, number>> = {
  dense: ENUMS.rule_mode.RULES_DENSE,
  rows: ENUMS.rule_mode.RULES_ROWS,
  sparse: ENUMS.rule_mode.RULES_SPARSE,
  ranks: ENUMS.rule_mode.RULES_RANKS,
};

export interface RuleTable {
  readonly mode: ModeName;
  readonly shape: Pick<RuleShapeFields, 'mode' | 'dstClasses' | 'bucketMask'>;
  /** Cells of one class: of a dense table, where the program adds what the classes of the ends come to. Else 1. */
  readonly cellsOf: { readonly source: number; readonly destination: number };
  readonly cross: Uint32Array;
  readonly srcSets: Uint32Array;
  readonly dstSets: Uint32Array;
  readonly pairs: Uint8Array;
  readonly pairCount: number;
  readonly sourceSets: AddressSets;
  readonly destinationSets: AddressSets;
}

export interface RuleInput {
  readonly ranked: readonly DirectedFilter[];
  readonly source: AddressClasses;
  readonly destination: AddressClasses;
  readonly services: Services;
  readonly sets: RuleSets;
  readonly rankSets: RankSets;
  readonly budgets: Budgets;
  /** Called with the share of a form of the table that is made, 0 to 1: forms that are given up begin anew. */
  readonly progress: (share: number) => void;
}

const NONE = new Uint32Array(0);

/** Ranks by source condition, then by destination condition; ascending. */
type Groups = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

function groupByConditions(ranked: readonly DirectedFilter[], family: number): Groups {
  const groups = new Map<number, Map<number, number[]>>();
  for (const [rank, { source, destination }] of ranked.entries()) {
    if ((source.family ?? family) !== family || (destination.family ?? family) !== family) continue;
    const bySource = groups.get(source.id) ?? new Map<number, number[]>();
    groups.set(source.id, bySource);
    const ranks = bySource.get(destination.id);
    if (ranks === undefined) bySource.set(destination.id, [rank]);
    else ranks.push(rank);
  }
  return groups;
}

type Lists = readonly (readonly number[])[];

function mergeRanks(lists: Lists): readonly number[] {
  return lists.length === 1 ? present(lists[0]) : Array.from(mergeAscending(lists));
}

/** For one source class: destination condition -> the ranks of filters whose source matches, of each condition a list. */
function listsOfSource(groups: Groups, conditions: readonly number[]): ReadonlyMap<number, Lists> {
  const lists = new Map<number, (readonly number[])[]>();
  for (const condition of conditions) {
    for (const [destination, ranks] of groups.get(condition) ?? []) {
      const known = lists.get(destination);
      if (known === undefined) lists.set(destination, [ranks]);
      else known.push(ranks);
    }
  }
  return lists;
}

/** The same with the ranks of each destination condition in one list. */
function matchSource(groups: Groups, conditions: readonly number[]): ReadonlyMap<number, readonly number[]> {
  return new Map(
    [...listsOfSource(groups, conditions)].map(([destination, lists]) => [destination, mergeRanks(lists)]),
  );
}

function matchBoth(bySource: ReadonlyMap<number, readonly number[]>, conditions: readonly number[]): readonly number[] {
  return mergeRanks(
    conditions.flatMap((condition) => {
      const ranks = bySource.get(condition);
      return ranks === undefined ? [] : [ranks];
    }),
  );
}

/** 16 bits of the key of a pair are the class of each end, less one class: with it the last key would be that of a free place. */
const MOST_PAIRED = (1 << 16) - 1;

/** Every class's conditions, `any` first. */
function allConditions(classes: AddressClasses): readonly (readonly number[])[] {
  return conditionsByClass(classes).map((conditions) => [ANY_ADDRESS.id, ...conditions]);
}

export function ruleTable(input: RuleInput): RuleTable {
  return paintTable(input) ?? ranks(input);
}

/** A table with the value of each service, the first form that keeps its budget. */
function paintTable(input: RuleInput): RuleTable | undefined {
  const { source, destination, services, budgets } = input;
  if (services.destination.holding + services.source.holding > budgets.rowWork) return undefined;
  if (source.counting + destination.counting > budgets.classConditions) return undefined;
  const pairs = source.classes.length * destination.classes.length;
  const cells = services.destination.count * services.source.count;
  const groups = groupByConditions(input.ranked, source.family);
  const table = pairs * cells <= budgets.denseCells ? dense(input, groups) : undefined;
  if (table !== undefined || cells > budgets.rowServices) return table;
  return (pairs <= budgets.rowPairs ? rows(input, groups) : undefined) ?? sparse(input, groups);
}

/** undefined where it would take too long. */
function dense(input: RuleInput, groups: Groups): RuleTable | undefined {
  const { source, destination, services, sets, budgets } = input;
  const before = sets.work;
  const width = services.destination.count * services.source.count;
  const dstConditions = allConditions(destination);
  const cross = new Uint32Array(source.classes.length * dstConditions.length * width);
  let at = 0;
  for (const [s, conditions] of allConditions(source).entries()) {
    input.progress(s / source.classes.length);
    const bySource = matchSource(groups, conditions);
    for (const dst of dstConditions) {
      cross.set(sets.fill(matchBoth(bySource, dst)), at);
      at += width;
    }
    if (sets.work - before > budgets.rowWork) return undefined;
  }
  return table('dense', dstConditions.length, {
    cross,
    cellsOf: { source: dstConditions.length * width, destination: width },
  });
}

/** undefined where the sets outgrow their budget: then nothing is kept of them. */
function rows(input: RuleInput, groups: Groups): RuleTable | undefined {
  const { source, destination, sets, budgets } = input;
  const dstConditions = allConditions(destination);
  const before = sets.mark();
  const cross = new Uint32Array(source.classes.length * dstConditions.length);
  let at = 0;
  for (const [s, conditions] of allConditions(source).entries()) {
    input.progress(s / source.classes.length);
    const bySource = matchSource(groups, conditions);
    for (const [d, { parent, added }] of destination.classes.entries()) {
      const inherits = d !== parent && !added.some((condition) => bySource.has(condition));
      cross[at + d] = inherits ? cross[at + parent]! : sets.reference(matchBoth(bySource, present(dstConditions[d])));
      if (sets.bytes > budgets.rowBytes || sets.work - before.work > budgets.rowWork) return sets.rewind(before);
    }
    at += dstConditions.length;
  }
  return table('rows', dstConditions.length, { cross });
}

/**
 * The lowest of three values: filters for any destination, for any source, and for both addresses. undefined where it
 * would be too large.
 */
function sparse(input: RuleInput, groups: Groups): RuleTable | undefined {
  const { source, destination, sets, budgets } = input;
  if (Math.max(source.classes.length, destination.classes.length) > MOST_PAIRED) return undefined;
  const dstConditions = allConditions(destination);
  const srcConditions = allConditions(source);
  const holders = classesByCondition(dstConditions);
  const mostPairs = Math.max(budgets.sparsePairs, budgets.pairsPerFilter * input.ranked.length);
  if (pairsAtMost(groups, classesByCondition(srcConditions), holders) > 2 * mostPairs) return undefined;
  const before = sets.mark();
  const isOver = (pairs: number): boolean =>
    pairs > mostPairs || sets.bytes > budgets.setBytes || sets.work - before.work > budgets.sparseWork;
  const any = groups.get(ANY_ADDRESS.id) ?? new Map<number, readonly number[]>();
  const srcSets = ownSets({ classes: source, held: srcConditions, sets, isOver }, (condition) =>
    groups.get(condition)?.get(ANY_ADDRESS.id),
  );
  const dstSets = ownSets({ classes: destination, held: dstConditions, sets, isOver }, (condition) =>
    condition === ANY_ADDRESS.id ? undefined : any.get(condition),
  );
  if (srcSets === undefined || dstSets === undefined) return sets.rewind(before);
  const found: PairEntry[] = [];
  for (const [s, conditions] of srcConditions.entries()) {
    input.progress(s / srcConditions.length);
    for (const [d, lists] of matchPairs(listsOfSource(groups, conditions.slice(1)), holders)) {
      found.push({ key: ((s << 16) | d) + 1, set: sets.reference(mergeRanks(lists)) });
      if (isOver(found.length)) return sets.rewind(before);
    }
  }
  const encoded = encodePairs(found);
  if (encoded === undefined) return sets.rewind(before);
  const { bytes, mask } = encoded;
  return table('sparse', dstConditions.length, { srcSets, dstSets, pairs: bytes, pairCount: found.length }, mask);
}

/** By destination class: ranks of filters for both addresses, of each two conditions a list. */
function matchPairs(bySource: ReadonlyMap<number, Lists>, holders: ClassesByCondition): ReadonlyMap<number, Lists> {
  const byClass = new Map<number, (readonly number[])[]>();
  for (const [condition, lists] of bySource) {
    if (condition === ANY_ADDRESS.id) continue;
    for (const d of holders.get(condition) ?? []) {
      const known = byClass.get(d);
      if (known === undefined) byClass.set(d, [...lists]);
      else known.push(...lists);
    }
  }
  return byClass;
}

/** Pairs of classes where filters for both addresses match; what several conditions match is counted several times. */
function pairsAtMost(groups: Groups, sources: ClassesByCondition, destinations: ClassesByCondition): number {
  const count = (classes: ClassesByCondition, condition: number): number =>
    condition === ANY_ADDRESS.id ? 0 : (classes.get(condition)?.length ?? 0);
  let pairs = 0;
  for (const [source, byDestination] of groups) {
    for (const destination of byDestination.keys()) pairs += count(sources, source) * count(destinations, destination);
  }
  return pairs;
}

interface OwnInput {
  readonly classes: AddressClasses;
  /** By class: `any` and the conditions that count. */
  readonly held: readonly (readonly number[])[];
  readonly sets: RuleSets;
  readonly isOver: (pairs: number) => boolean;
}

/**
 * By class: the set of the filters that look at this address only. A class's own conditions are
 * longer prefixes than its parent's, so that their filters come before what the parent has, unless it is carved.
 */
function ownSets(
  { classes, held, sets, isOver }: OwnInput,
  ranksOf: (condition: number) => readonly number[] | undefined,
): Uint32Array | undefined {
  const references = new Uint32Array(classes.classes.length);
  for (const [index, { parent, added, isCarved }] of classes.classes.entries()) {
    const isWhole = index === parent || isCarved;
    const looked = isWhole ? present(held[index]) : added;
    const ranks = mergeRanks(looked.map((condition) => ranksOf(condition) ?? []));
    references[index] = isWhole ? sets.reference(ranks) : sets.extended(references[parent]!, ranks);
    if (isOver(0)) return undefined;
  }
  return references;
}

type ClassesByCondition = ReadonlyMap<number, readonly number[]>;

function classesByCondition(conditions: readonly (readonly number[])[]): ClassesByCondition {
  const holders = new Map<number, number[]>();
  for (const [index, held] of conditions.entries()) {
    for (const condition of held) {
      const known = holders.get(condition);
      if (known === undefined) holders.set(condition, [index]);
      else known.push(index);
    }
  }
  return holders;
}

/** For each class the ranks that it matches; their first common one is looked for packet by packet. */
function ranks(input: RuleInput): RuleTable {
  const { ranked, source, destination, rankSets } = input;
  return table('ranks', destination.classes.length, {
    sourceSets: addressSets('source', source, ranked, rankSets),
    destinationSets: addressSets('destination', destination, ranked, rankSets),
  });
}

const EMPTY: Omit<RuleTable, 'mode' | 'shape'> = {
  cellsOf: { source: 1, destination: 1 },
  cross: NONE,
  srcSets: NONE,
  dstSets: NONE,
  pairs: new Uint8Array(0),
  pairCount: 0,
  sourceSets: NO_ADDRESS_SETS,
  destinationSets: NO_ADDRESS_SETS,
};

function table(mode: ModeName, dstClasses: number, parts: Partial<RuleTable>, bucketMask = 0): RuleTable {
  return { ...EMPTY, ...parts, mode, shape: { mode: MODES[mode], dstClasses, bucketMask } };
}
