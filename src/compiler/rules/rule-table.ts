/**
 * Pass 6. From the classes of a packet's two addresses to the set of filters that match both: a
 * dense cross-product while it is small, a set for each pair while that is small, and else three
 * sets of which the best value decides.
 */
import { present } from '../../base/assert.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { AddressClasses } from '../classes/address-classes.ts';
import type { Services } from '../classes/service-classes.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import { ANY_ADDRESS } from '../conditions/resolve.ts';
import { encodePairs } from '../encode/pair-hash.ts';
import type { RuleSets } from './rule-sets.ts';

const MODE = ENUMS.rule_mode;

/** Largest tables of each mode; measured in bench/: past them the next mode is faster or the only one that fits. */
export interface Budgets {
  /** Cells of the dense cross-product of all classes. */
  readonly denseCells: number;
  /** Pairs of address classes that may have a set each. */
  readonly rowPairs: number;
  /** Bytes of rows, subrows and lists that the pairs may need. */
  readonly rowBytes: number;
  /** Pairs in the sparse hash. */
  readonly sparsePairs: number;
  /** Bytes of rows, subrows and lists altogether. */
  readonly setBytes: number;
  /** Ranges of an IPv4 end that are one root, at most 9. */
  readonly root4Ranges: number;
  /** Ranges of an IPv4 end up to which no bit for each /24 stands in front: past them it saves more lines than it costs. */
  readonly unfiltered4Ranges: number;
  /** Ranges of an IPv6 end that are one root, at most 9. */
  readonly root6Ranges: number;
  /** Ranges of an IPv6 end that are one tree; more are blocks. */
  readonly tree6Ranges: number;
}

export const DEFAULT_BUDGETS: Budgets = {
  denseCells: 1 << 18,
  rowPairs: 1 << 20,
  rowBytes: 8 << 20,
  sparsePairs: 1 << 25,
  setBytes: 1 << 30,
  root4Ranges: ENUMS.layout.ROOT_BOUNDS + 1,
  unfiltered4Ranges: 20_000,
  root6Ranges: ENUMS.layout.ROOT_BOUNDS + 1,
  tree6Ranges: 1000,
};

export type ModeName = 'dense' | 'rows' | 'sparse';

export interface RuleTable {
  readonly mode: ModeName;
  readonly modeNumber: number;
  readonly dstClasses: number;
  readonly bucketMask: number;
  readonly cross: Uint32Array;
  readonly srcSets: Uint32Array;
  readonly dstSets: Uint32Array;
  readonly pairs: Uint8Array;
  readonly pairCount: number;
}

/** The policy needs more than a budget allows; the numbers say which. */
export interface OverBudget {
  readonly over: string;
}

export interface RuleInput {
  readonly ranked: readonly DirectedFilter[];
  readonly source: AddressClasses;
  readonly destination: AddressClasses;
  readonly services: Services;
  readonly sets: RuleSets;
  readonly budgets: Budgets;
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

function merged(lists: readonly (readonly number[])[]): readonly number[] {
  if (lists.length === 1) return present(lists[0]);
  return lists.flat().sort((a, b) => a - b);
}

/** For one source class: destination condition -> the ranks of filters whose source matches. */
function matchingSource(groups: Groups, conditions: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const lists = new Map<number, (readonly number[])[]>();
  for (const condition of conditions) {
    for (const [destination, ranks] of groups.get(condition) ?? []) {
      const known = lists.get(destination);
      if (known === undefined) lists.set(destination, [ranks]);
      else known.push(ranks);
    }
  }
  return new Map([...lists].map(([destination, found]) => [destination, merged(found)]));
}

function matchingBoth(
  bySource: ReadonlyMap<number, readonly number[]>,
  conditions: readonly number[],
): readonly number[] {
  return merged(
    conditions.flatMap((condition) => {
      const ranks = bySource.get(condition);
      return ranks === undefined ? [] : [ranks];
    }),
  );
}

/** Every class's conditions, `any` first. */
function allConditions(classes: AddressClasses): readonly (readonly number[])[] {
  return classes.classes.map(({ conditions }) => [ANY_ADDRESS.id, ...conditions]);
}

export function ruleTable(input: RuleInput): RuleTable | OverBudget {
  const pairs = input.source.classes.length * input.destination.classes.length;
  const cells = pairs * input.services.destination.count * input.services.source.count;
  const groups = groupByConditions(input.ranked, input.source.family);
  if (cells <= input.budgets.denseCells) return dense(input, groups);
  if (pairs <= input.budgets.rowPairs) {
    const table = rows(input, groups);
    if (table !== undefined) return table;
  }
  return sparse(input, groups);
}

function dense(input: RuleInput, groups: Groups): RuleTable {
  const { source, destination, services, sets } = input;
  const width = services.destination.count * services.source.count;
  const dstConditions = allConditions(destination);
  const cross = new Uint32Array(source.classes.length * dstConditions.length * width);
  let at = 0;
  for (const conditions of allConditions(source)) {
    const bySource = matchingSource(groups, conditions);
    for (const dst of dstConditions) {
      cross.set(sets.fill(sets.visible(matchingBoth(bySource, dst))), at);
      at += width;
    }
  }
  return table('dense', MODE.RULES_DENSE, dstConditions.length, { cross });
}

/** undefined where the sets outgrow their budget: then nothing is kept of them. */
function rows(input: RuleInput, groups: Groups): RuleTable | undefined {
  const { source, destination, sets, budgets } = input;
  const dstConditions = allConditions(destination);
  const before = sets.mark();
  const cross = new Uint32Array(source.classes.length * dstConditions.length);
  let at = 0;
  for (const conditions of allConditions(source)) {
    const bySource = matchingSource(groups, conditions);
    for (const [d, { parent, added }] of destination.classes.entries()) {
      const inherits = d !== parent && !added.some((condition) => bySource.has(condition));
      cross[at + d] = inherits
        ? cross[at + parent]!
        : sets.reference(matchingBoth(bySource, present(dstConditions[d])));
    }
    if (sets.bytes > budgets.rowBytes) {
      sets.rewind(before);
      return undefined;
    }
    at += dstConditions.length;
  }
  return table('rows', MODE.RULES_ROWS, dstConditions.length, { cross });
}

/** The lowest of three values: filters for any destination, for any source, and for both addresses. */
function sparse(input: RuleInput, groups: Groups): RuleTable | OverBudget {
  const { source, destination, sets, budgets } = input;
  const dstConditions = allConditions(destination);
  const srcConditions = allConditions(source);
  const any = groups.get(ANY_ADDRESS.id) ?? new Map<number, readonly number[]>();
  const srcSets = ownSets(source, sets, (condition) => groups.get(condition)?.get(ANY_ADDRESS.id));
  const dstSets = ownSets(destination, sets, (condition) =>
    condition === ANY_ADDRESS.id ? undefined : any.get(condition),
  );
  const holders = classesByCondition(dstConditions);
  const found: { key: number; set: number }[] = [];
  for (const [s, conditions] of srcConditions.entries()) {
    const byClass = new Map<number, (readonly number[])[]>();
    for (const [condition, ranks] of matchingSource(groups, conditions.slice(1))) {
      if (condition === ANY_ADDRESS.id) continue;
      for (const d of holders.get(condition) ?? []) byClass.set(d, [...(byClass.get(d) ?? []), ranks]);
    }
    for (const [d, lists] of byClass) found.push({ key: ((s << 16) | d) + 1, set: sets.reference(merged(lists)) });
    if (found.length > budgets.sparsePairs)
      return { over: `more than ${budgets.sparsePairs} pairs of address classes` };
    if (sets.bytes > budgets.setBytes) return { over: `rule sets of more than ${budgets.setBytes >> 20} MiB` };
  }
  const { bytes, mask } = encodePairs(found);
  const sizes = { srcSets, dstSets, pairs: bytes, bucketMask: mask, pairCount: found.length };
  return table('sparse', MODE.RULES_SPARSE, dstConditions.length, sizes);
}

/**
 * By class: the set of the filters that look at this address only. A class's own conditions are
 * longer prefixes than its parent's, so that their filters come before what the parent has, unless it is carved.
 */
function ownSets(
  classes: AddressClasses,
  sets: RuleSets,
  ranksOf: (condition: number) => readonly number[] | undefined,
): Uint32Array {
  const references = new Uint32Array(classes.classes.length);
  for (const [index, { parent, added, conditions, isCarved }] of classes.classes.entries()) {
    const isWhole = index === parent || isCarved;
    const looked = isWhole ? [ANY_ADDRESS.id, ...conditions] : added;
    const ranks = merged(looked.map((condition) => ranksOf(condition) ?? []));
    references[index] = isWhole ? sets.reference(ranks) : sets.extended(references[parent]!, ranks);
  }
  return references;
}

function classesByCondition(conditions: readonly (readonly number[])[]): ReadonlyMap<number, readonly number[]> {
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

function table(mode: ModeName, modeNumber: number, dstClasses: number, parts: Partial<RuleTable>): RuleTable {
  const empty = { bucketMask: 0, cross: NONE, srcSets: NONE, dstSets: NONE, pairs: new Uint8Array(0), pairCount: 0 };
  return { ...empty, ...parts, mode, modeNumber, dstClasses };
}
