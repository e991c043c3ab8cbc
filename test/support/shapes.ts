/** The shapes of a compiled policy for which the program, or the compiler, goes a shorter way than the general one. */
import { present } from '../../src/base/assert.ts';
import type { CompiledPolicy, TableName } from '../../src/compiler/compile.ts';
import { ENUMS, STRUCTS } from '../../src/layout/layout.gen.ts';
import type { HostAddresses } from '../../src/policy/model.ts';

import { shapeOf } from './compiled-shape.ts';

const { INDEX_LEAF_BIT, INDEX_FAN_BIT, NODE_LOW_BIT, NODE_LINES_SHIFT, SET_LIST_BIT, ROW_SUBROW_BIT } = ENUMS.reference;
const { HALVES, ROOT_BOUNDS, ROOT_HOSTS, ROOT6_CLASSES, LEAF_CLASSES } = ENUMS.layout;
const MODES = ['dense', 'rows', 'sparse', 'ranks'] as const;
const ENDS = ['src', 'dst'] as const;

/** Every shape that `shapesOf` can find: the generators must produce each. */
export const ALL_SHAPES: readonly string[] = [
  ...ENDS.flatMap((end) => [
    ...['root of class 0', 'root of another class', 'root', 'full root', 'root that names all'].flatMap((shape) => [
      `${end}4: ${shape}`,
      `${end}6: ${shape}`,
    ]),
    ...['index', 'leaf of one line', 'leaf of two lines', 'fan of one line', 'fan of two lines', 'filter in front'].map(
      (shape) => `${end}4: ${shape}`,
    ),
    ...[
      'root without hosts',
      'root of hosts',
      'root of hosts and ranges',
      'root full of hosts',
      'root of ranges in both halves',
    ].map((shape) => `${end}6: ${shape}`),
    ...['tree of one line', 'tree of several lines', 'tree over the low half'].map((shape) => `${end}6: ${shape}`),
    ...[
      'blocks',
      'blocks and tree',
      'one block level',
      'several block levels',
      'filter with a front',
      'filter without one',
    ].map((shape) => `${end}6: ${shape}`),
  ]),
  ...MODES.flatMap((mode) => [`${mode} IPv4`, `${mode} IPv6`]),
  ...['one destination class', 'several destination classes'].map((shape) => `rows IPv4: ${shape}`),
  ...['no pair', 'pairs', 'several source sets', 'several destination sets'].map((shape) => `sparse IPv4: ${shape}`),
  ...['with roots', 'without roots', 'several source sets', 'several destination sets'].map(
    (shape) => `ranks IPv4: ${shape}`,
  ),
  ...['list', 'row', 'subrow'],
  ...['one service class', 'several service classes', 'one source-port class', 'several source-port classes'],
  ...['service', 'source-port'].flatMap((what) => [`${what} pages by place`, `${what} pages by number`]),
  ...['no filter at all', 'set without prefixes', 'me without addresses', 'name without answers'],
  ...['no exemption', 'exemptions of IPv6 alone', 'exemptions of IPv4 alone', 'exemptions of both families'],
];

export function shapesOf(compiled: CompiledPolicy, host: HostAddresses): ReadonlySet<string> {
  const found = new Set<string>();
  for (const end of ENDS) {
    for (const shape of shapesOfEnd4(compiled, `${end}4`)) found.add(`${end}4: ${shape}`);
    for (const shape of shapesOfEnd6(compiled, `${end}6`)) found.add(`${end}6: ${shape}`);
  }
  for (const shape of [...ruleShapes(compiled), ...policyShapes(compiled, host), ...exemptionShapes(compiled)])
    found.add(shape);
  return found;
}

type End4 = 'src4' | 'dst4';
type End6 = 'src6' | 'dst6';

function rootShapes(bounds: number, classes: readonly number[]): string[] {
  if (bounds === 0) return ['root of class 0'];
  const used = classes.slice(0, bounds + 1);
  if (used.every((one) => one === used[0])) return ['root of another class'];
  return [
    'root',
    ...(bounds === ROOT_BOUNDS ? ['full root'] : []),
    ...(used.includes(0) ? [] : ['root that names all']),
  ];
}

function words(compiled: CompiledPolicy, name: TableName): Uint32Array {
  const bytes = present(compiled.tables.get(name), name);
  return new Uint32Array(bytes.slice().buffer);
}

function rootClasses(
  compiled: CompiledPolicy,
  name: TableName,
  at: number,
  count: number = LEAF_CLASSES,
): readonly number[] {
  const bytes = present(compiled.tables.get(name), name);
  return [...new Uint16Array(bytes.slice(at, at + 2 * count).buffer)];
}

function shapesOfEnd4(compiled: CompiledPolicy, end: End4): string[] {
  const { form, wide } = shapeOf(compiled)[`${end}Shape`];
  const { root } = STRUCTS;
  if (form <= ROOT_BOUNDS) return rootShapes(form, rootClasses(compiled, `${end}_leaves`, root.fields.classes.offset));
  const index = words(compiled, `${end}_index`);
  const leaf = index.some((entry) => entry >>> INDEX_LEAF_BIT === 1 && ((entry >>> INDEX_FAN_BIT) & 1) === 0);
  const fan = index.some((entry) => entry >>> INDEX_LEAF_BIT === 1 && ((entry >>> INDEX_FAN_BIT) & 1) === 1);
  const lines = wide === 1 ? 'two lines' : 'one line';
  return [
    'index',
    ...(leaf ? [`leaf of ${lines}`] : []),
    ...(fan ? [`fan of ${lines}`] : []),
    ...(form === ENUMS.address4_form.ADDRESS4_FILTERED ? ['filter in front'] : []),
  ];
}

/** What one root tells: ranges among the addresses without and with the first bit, and single addresses. */
function root6Shapes(compiled: CompiledPolicy, end: End6): string[] {
  const { rootBounds, rootHosts } = shapeOf(compiled)[`${end}Shape`];
  if (rootBounds === 0 && rootHosts === 0) return ['root of class 0'];
  const classes = rootClasses(compiled, `${end}_nodes`, STRUCTS.root6.fields.classes.offset, ROOT6_CLASSES);
  const [without, withFirstBit] = [0, LEAF_CLASSES].map((at) => classes.slice(at, at + rootBounds + 1)) as [
    number[],
    number[],
  ];
  const hosts = classes.slice(HALVES * LEAF_CLASSES, HALVES * LEAF_CLASSES + rootHosts);
  const ranges = [...without, ...withFirstBit];
  const isOneRange = ranges.every((one) => one === ranges[0]);
  if (isOneRange && rootHosts === 0) return ['root of another class'];
  return [
    'root',
    ...(rootBounds === ROOT_BOUNDS ? ['full root'] : []),
    ...([...ranges, ...hosts].includes(0) ? [] : ['root that names all']),
    ...(rootHosts === 0 ? ['root without hosts'] : [isOneRange ? 'root of hosts' : 'root of hosts and ranges']),
    ...(rootHosts === ROOT_HOSTS ? ['root full of hosts'] : []),
    ...(new Set(without).size > 1 && new Set(withFirstBit).size > 1 ? ['root of ranges in both halves'] : []),
  ];
}

function shapesOfEnd6(compiled: CompiledPolicy, end: End6): string[] {
  const { lines, blockLevels, frontShift } = shapeOf(compiled)[`${end}Shape`];
  if (lines === 0 && blockLevels === 0) return root6Shapes(compiled, end);
  const nodes = words(compiled, `${end}_nodes`);
  // A reference to a low tree has its number of lines, so that no key is taken for one here.
  const low = nodes.some((word) => word >>> NODE_LOW_BIT === 1 && ((word >>> NODE_LINES_SHIFT) & 15) === 1);
  const tree = lines === 1 ? ['tree of one line'] : lines > 1 ? ['tree of several lines'] : [];
  if (blockLevels === 0) return [...tree, ...(low ? ['tree over the low half'] : [])];
  const isOneLevel = (blockLevels & (blockLevels - 1)) === 0;
  return [
    lines > 0 ? 'blocks and tree' : 'blocks',
    isOneLevel ? 'one block level' : 'several block levels',
    `filter ${frontShift === 0 ? 'without one' : 'with a front'}`,
  ];
}

function ruleShapes(compiled: CompiledPolicy): string[] {
  const { rules4, dportClasses, sportClasses, dportNumbered, sportNumbered } = shapeOf(compiled);
  const { mode4, mode6 } = compiled.statistics;
  const listed = (['cross4', 'src4_sets', 'dst4_sets'] as const).flatMap((name) => [...words(compiled, name)]);
  return [
    `${mode4} IPv4`,
    `${mode6} IPv6`,
    ...(mode4 === 'rows'
      ? [rules4.dstClasses === 1 ? 'rows IPv4: one destination class' : 'rows IPv4: several destination classes']
      : []),
    ...(mode4 === 'sparse' ? sparseShapes(compiled) : []),
    ...(mode4 === 'ranks' ? rankShapes(compiled) : []),
    ...(mode4 !== 'dense' && listed.some((set) => set >>> SET_LIST_BIT === 1) ? ['list'] : []),
    ...(mode4 !== 'dense' && listed.some((set) => set >>> SET_LIST_BIT === 0 && set !== 0) ? ['row'] : []),
    ...(words(compiled, 'rows').some((value) => value >>> ROW_SUBROW_BIT === 1) ? ['subrow'] : []),
    dportClasses === 1 ? 'one service class' : 'several service classes',
    sportClasses === 1 ? 'one source-port class' : 'several source-port classes',
    ...(dportClasses === 1 ? [] : [`service pages by ${dportNumbered === 1 ? 'number' : 'place'}`]),
    ...(sportClasses === 1 ? [] : [`source-port pages by ${sportNumbered === 1 ? 'number' : 'place'}`]),
  ];
}

function sparseShapes(compiled: CompiledPolicy): string[] {
  return [
    compiled.statistics.pairs4 === 0 ? 'no pair' : 'pairs',
    ...(new Set(words(compiled, 'src4_sets')).size > 1 ? ['several source sets'] : []),
    ...(new Set(words(compiled, 'dst4_sets')).size > 1 ? ['several destination sets'] : []),
  ].map((shape) => `sparse IPv4: ${shape}`);
}

function rankShapes(compiled: CompiledPolicy): string[] {
  const { setDeep, rules4 } = shapeOf(compiled);
  const { source4, destination4 } = compiled.statistics.classes;
  return [
    setDeep === 1 ? 'with roots' : 'without roots',
    ...(isAnyPairSet(compiled, rules4.srcRow, source4, ENUMS.set_use.USE_SRC_ALONE) ? ['several source sets'] : []),
    ...(isAnyPairSet(compiled, rules4.dstRow, destination4, ENUMS.set_use.USE_DST_ALONE)
      ? ['several destination sets']
      : []),
  ].map((shape) => `ranks IPv4: ${shape}`);
}

/** Whether the classes of an end differ in the filters for both addresses: by the rows of those, from `firstRow` on. */
function isAnyPairSet(compiled: CompiledPolicy, firstRow: number, classes: number, alone: number): boolean {
  const { setGroups, setDeep, setUse } = shapeOf(compiled);
  if ((setUse & ENUMS.set_use.USE_BOTH) === 0) return false;
  const before = (setUse & alone) === 0 ? 0 : 1;
  const nodeWords = STRUCTS.set_node.size / 4;
  const width = setDeep === 1 ? setGroups : setGroups * nodeWords;
  const table = words(compiled, setDeep === 1 ? 'set_roots' : 'set_nodes');
  const rows = Array.from({ length: classes }, (_, index) => {
    const row = firstRow + index * (1 + before) + before;
    return table.subarray(row * width, (row + 1) * width).join();
  });
  return new Set(rows).size > 1;
}

function policyShapes({ policy, ranked }: CompiledPolicy, host: HostAddresses): string[] {
  const ends = policy.rules.flatMap(({ filterList }) => filterList.filters.flatMap((f) => [f.source, f.destination]));
  const isEmpty = (name: string): boolean => {
    const set = policy.addressSets.get(name);
    return set !== undefined && set.prefixes.v4.count + set.prefixes.v6.count === 0;
  };
  return [
    ...(ranked.length === 0 ? ['no filter at all'] : []),
    ...(ends.some((end) => end.kind === 'set' && isEmpty(end.name)) ? ['set without prefixes'] : []),
    ...(ends.some((end) => end.kind === 'me') && host.me.length === 0 ? ['me without addresses'] : []),
    ...(ends.some((end) => end.kind === 'name' && host.names.get(end.name)?.length === 0)
      ? ['name without answers']
      : []),
  ];
}

function exemptionShapes({ policy: { exemptions } }: CompiledPolicy): string[] {
  const v6 = exemptions.some((name) => name !== 'broadcast');
  const v4 = exemptions.some((name) => name !== 'neighbor-discovery' && name !== 'multicast-listener');
  if (exemptions.length === 0) return ['no exemption'];
  if (v4 && v6) return ['exemptions of both families'];
  return [v6 ? 'exemptions of IPv6 alone' : 'exemptions of IPv4 alone'];
}
