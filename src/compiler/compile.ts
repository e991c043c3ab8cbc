/**
 * The whole compiler: policy and host addresses in, the bytes of every table out. Pure: the same
 * text and the same addresses give the same bytes anywhere.
 */
import { present } from '../base/assert.ts';
import type { Diagnostics } from '../base/diagnostics.ts';
import type { Family } from '../base/ip.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import type { AddressClasses } from './classes/address-classes.ts';
import { addressClasses } from './classes/address-classes.ts';
import { multipliedClasses } from './classes/multiplied-classes.ts';
import { RankSets } from './classes/rank-sets.ts';
import type { Services } from './classes/service-classes.ts';
import { serviceClasses } from './classes/service-classes.ts';
import { liveClassesOf, withLiveClasses } from './classes/with-live-classes.ts';
import type { DirectedFilter } from './conditions/expand.ts';
import { rankFilters } from './conditions/expand.ts';
import type { AddressCondition } from './conditions/resolve.ts';
import { encodeAddress4 } from './encode/address4.ts';
import { encodeAddress6 } from './encode/address6.ts';
import { encodeServicePages } from './encode/service.ts';
import type { ShapeParts } from './encode/shape.ts';
import { encodeBroadcasts, encodeShape } from './encode/shape.ts';
import type { LiveSetClasses } from './live-classes.ts';
import { commonSets } from './rules/common-sets.ts';
import { encodeLists, RuleSets, ruleValue } from './rules/rule-sets.ts';
import type { Budgets, ModeName, RuleTable } from './rules/rule-table.ts';
import { DEFAULT_BUDGETS, ruleTable } from './rules/rule-table.ts';
import { refuseTooManyClasses, refuseTooManyFilters } from './too-large.ts';

export type TableName = keyof typeof ENUMS.element_bytes;

/** Table names in the order of their sizes in the frozen shape. */
export const TABLE_NAMES: readonly TableName[] = Object.keys(ENUMS.element_bytes) as TableName[];

export interface CompiledPolicy {
  readonly policy: Policy;
  /** What it was compiled for. */
  readonly host: HostAddresses;
  readonly interfaceName: string | undefined;
  /** By rank; the default has rank `ranked.length`. */
  readonly ranked: readonly DirectedFilter[];
  /** struct xdpol_shape; of the engine's fields every one is 0. */
  readonly shape: Uint8Array;
  /** The program's constant `broadcasts`. */
  readonly broadcasts: Uint8Array;
  /** Every table but rank_slots, whose slots only the host's counters know. Unpadded. */
  readonly tables: ReadonlyMap<TableName, Uint8Array>;
  readonly live: readonly LiveSetClasses[];
  readonly statistics: CompileStatistics;
}

export interface CompileStatistics {
  readonly filters: number;
  readonly directedFilters: number;
  readonly classes: Readonly<
    Record<'source4' | 'destination4' | 'source6' | 'destination6' | 'destinationService' | 'sourcePort', number>
  >;
  readonly ranges: Readonly<Record<'source4' | 'destination4' | 'source6' | 'destination6', number>>;
  readonly mode4: ModeName;
  readonly mode6: ModeName;
  readonly pairs4: number;
  readonly pairs6: number;
  /** Milliseconds by pass. */
  readonly milliseconds: Readonly<Record<'expand' | 'classes' | 'rules' | 'encode', number>>;
}

export interface CompileOptions {
  /** The interface whose tables these are; undefined: rules limited to interfaces take no part. */
  readonly interfaceName?: string | undefined;
  readonly budgets?: Budgets;
  /** Milliseconds from any start, for the statistics only. */
  readonly clock?: () => number;
  /** Called again and again with the share of the work that is done, 0 to 1. */
  readonly progress?: (share: number) => void;
}

/** The share of the work that is done when a pass ends, as it is of large policies. */
const DONE = { expand: 0.3, services: 0.45, classes: 0.6, rules4: 0.8, rules6: 0.9 } as const;

/** Classes of services are 16 bits wide in the pages of ports. */
const MAX_SERVICE_CLASSES = 65535;

/** Compiles, or reports to `diags` which budget the policy exceeds and returns undefined. */
export function compile(
  policy: Policy,
  host: HostAddresses,
  diags: Diagnostics,
  options: CompileOptions = {},
): CompiledPolicy | undefined {
  const { clock = (): number => 0, progress = (): void => undefined } = options;
  const times = [clock()];
  if (refuseTooManyFilters(policy, host, diags)) return undefined;
  const ranked = rankFilters(policy, host, options.interfaceName);
  times.push(clock());
  progress(DONE.expand);
  const rankSets = new RankSets(ranked.length);
  const services = serviceClasses(ranked, rankSets);
  progress(DONE.services);
  const families = { 4: familyClasses(4, ranked), 6: familyClasses(6, ranked) };
  times.push(clock());
  progress(DONE.classes);
  const budgets = options.budgets ?? DEFAULT_BUDGETS;
  const over = overClasses(families, services, budgets.addressClasses);
  if (over !== undefined) return refuse(policy, diags, ranked, over);
  const defaultValue = ruleValue(ranked.length, policy.default === 'permit');
  const sets = new RuleSets(ranked, services, defaultValue);
  const between = (from: number, to: number) => (share: number) => progress(from + share * (to - from));
  const common = { ranked, services, sets, rankSets, budgets };
  const rules4 = ruleTable({ ...common, ...families[4], progress: between(DONE.classes, DONE.rules4) });
  const rules6 = ruleTable({ ...common, ...families[6], progress: between(DONE.rules4, DONE.rules6) });
  progress(DONE.rules6);
  times.push(clock());
  const ends = { 4: multipliedEnds(families[4], rules4), 6: multipliedEnds(families[6], rules6) };
  const parts: ShapeParts = {
    defaultValue,
    dportClasses: services.destination.count,
    sportClasses: services.source.count,
    common: commonSets({ ranked, rules4, rules6, services, rankSets, budgets }),
    dportPages: encodeServicePages(services.destination, budgets.placedPages),
    sportPages: encodeServicePages(services.source, budgets.placedPages),
    src4: encodeAddress4(ends[4].source, budgets),
    dst4: encodeAddress4(ends[4].destination, budgets),
    src6: encodeAddress6(ends[6].source, budgets),
    dst6: encodeAddress6(ends[6].destination, budgets),
    rules4,
    rules6,
  };
  const tables = new Map<TableName, Uint8Array>([
    ...addressTables(parts),
    ['dport_pages', parts.dportPages.pages],
    ['sport_pages', parts.sportPages.pages],
    ...ruleTables(parts),
    ['rows', bytesOf(sets.rows.words)],
    ['subrows', bytesOf(sets.subrows.words)],
    ['lists', encodeLists(sets.listed, ranked, sets)],
  ]);
  const constants = { shape: encodeShape(policy, parts), broadcasts: encodeBroadcasts(policy, host) };
  times.push(clock());
  progress(1);
  const statistics = statisticsOf(policy, ranked, families, parts, times);
  const live = liveClassesOf(policy, ends);
  return { policy, host, interfaceName: options.interfaceName, ranked, ...constants, tables, live, statistics };
}

interface FamilyClasses {
  readonly source: AddressClasses;
  readonly destination: AddressClasses;
}

function familyClasses(family: Family, ranked: readonly DirectedFilter[]): FamilyClasses {
  const relevant = ranked.filter(
    ({ source, destination }) => (source.family ?? family) === family && (destination.family ?? family) === family,
  );
  return {
    source: classesOf(family, keepDistinct(relevant.map((f) => f.source))),
    destination: classesOf(family, keepDistinct(relevant.map((f) => f.destination))),
  };
}

function multipliedEnds({ source, destination }: FamilyClasses, { cellsOf }: RuleTable): FamilyClasses {
  return {
    source: multipliedClasses(source, cellsOf.source),
    destination: multipliedClasses(destination, cellsOf.destination),
  };
}

function classesOf(family: Family, conditions: readonly AddressCondition[]): AddressClasses {
  const fixed = conditions.filter(({ live }) => live === undefined);
  const live = conditions.filter((condition) => condition.live !== undefined);
  return withLiveClasses(addressClasses(family, fixed), live);
}

/** Without `any`, each condition once. */
function keepDistinct(conditions: readonly AddressCondition[]): readonly AddressCondition[] {
  return [...new Set(conditions)].filter((c) => c.family !== undefined);
}

interface Dimension {
  readonly what: string;
  readonly count: number;
  readonly most: number;
  /** The condition of a filter that tells these classes apart. */
  readonly conditionOf: (directed: DirectedFilter, rank: number) => number;
}

/** The first of the classes that are more than the tables hold. */
function overClasses(
  families: Readonly<Record<Family, FamilyClasses>>,
  { destination, source, destinationOf, sourceOf }: Services,
  most: number,
): Dimension | undefined {
  const ends = ([4, 6] as const).flatMap((family): readonly Dimension[] =>
    (['source', 'destination'] as const).map((end) => ({
      what: `IPv${family} ${end}`,
      count: families[family][end].classes.length,
      most,
      conditionOf: (directed) => directed[end].id,
    })),
  );
  const services: readonly Dimension[] = [
    { what: 'destination service', count: destination.count, conditions: destinationOf },
    { what: 'source port', count: source.count, conditions: sourceOf },
  ].map(({ conditions, ...dimension }) => ({
    ...dimension,
    most: MAX_SERVICE_CLASSES,
    conditionOf: (_, rank) => present(conditions[rank]),
  }));
  return [...ends, ...services].find(({ count, most: held }) => count > held);
}

function refuse(
  policy: Policy,
  diags: Diagnostics,
  ranked: readonly DirectedFilter[],
  { what, count, most, conditionOf }: Dimension,
): undefined {
  const byRule = policy.rules.map(() => new Set<number>());
  for (const [rank, directed] of ranked.entries()) byRule[directed.ruleIndex]?.add(conditionOf(directed, rank));
  const counts = policy.rules.map((rule, i) => ({ rule, count: present(byRule[i]).size }));
  refuseTooManyClasses(policy, diags, { what, count, most }, counts);
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function addressTables({ src4, dst4, src6, dst6 }: ShapeParts): (readonly [TableName, Uint8Array])[] {
  return [
    ['src4_filter', src4.filter],
    ['src4_index', src4.index],
    ['src4_leaves', src4.leaves],
    ['dst4_filter', dst4.filter],
    ['dst4_index', dst4.index],
    ['dst4_leaves', dst4.leaves],
    ['src6_filter', src6.blocks.filter.bytes],
    ['src6_blocks', src6.blocks.buckets],
    ['src6_nodes', src6.nodes],
    ['dst6_filter', dst6.blocks.filter.bytes],
    ['dst6_blocks', dst6.blocks.buckets],
    ['dst6_nodes', dst6.nodes],
  ];
}

function ruleTables({ rules4, rules6, common }: ShapeParts): (readonly [TableName, Uint8Array])[] {
  return [
    ['cross4', bytesOf(rules4.cross)],
    ['src4_sets', bytesOf(rules4.srcSets)],
    ['dst4_sets', bytesOf(rules4.dstSets)],
    ['pairs4', rules4.pairs],
    ['cross6', bytesOf(rules6.cross)],
    ['src6_sets', bytesOf(rules6.srcSets)],
    ['dst6_sets', bytesOf(rules6.dstSets)],
    ['pairs6', rules6.pairs],
    ['set_roots', bytesOf(common.tables.roots)],
    ['set_nodes', bytesOf(common.tables.nodes)],
    ['set_leaves', bytesOf(common.tables.leaves)],
  ];
}

function statisticsOf(
  policy: Policy,
  ranked: readonly DirectedFilter[],
  families: Readonly<Record<Family, FamilyClasses>>,
  { rules4, rules6, dportClasses, sportClasses }: ShapeParts,
  times: readonly number[],
): CompileStatistics {
  const pass = (i: number): number => (times[i + 1] ?? 0) - (times[i] ?? 0);
  return {
    filters: policy.rules.reduce((sum, rule) => sum + rule.filterList.filters.length, 0),
    directedFilters: ranked.length,
    classes: {
      source4: families[4].source.classes.length,
      destination4: families[4].destination.classes.length,
      source6: families[6].source.classes.length,
      destination6: families[6].destination.classes.length,
      destinationService: dportClasses,
      sourcePort: sportClasses,
    },
    ranges: {
      source4: families[4].source.rangeCount,
      destination4: families[4].destination.rangeCount,
      source6: families[6].source.rangeCount,
      destination6: families[6].destination.rangeCount,
    },
    mode4: rules4.mode,
    mode6: rules6.mode,
    pairs4: rules4.pairCount,
    pairs6: rules6.pairCount,
    milliseconds: { expand: pass(0), classes: pass(1), rules: pass(2), encode: pass(3) },
  };
}
