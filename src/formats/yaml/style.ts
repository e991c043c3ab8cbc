/**
 * The one style of policy and role files, for those that are printed and those that are formatted: keys in the order of the
 * documentation, one filter a line, one rule a line where it names its list, strings quoted only where they must be
 * (filterspecs always: half of them would have to).
 * Comments keep their places; a line with a comment inside is broken up, so that the comment stays where it was.
 */
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isMap, isNode, isPair, isScalar, isSeq, Scalar, visit, YAMLSeq } from 'yaml';

/** Columns of a line that an address set or a rule may fill before it is broken up. Filters are never broken up. */
const LINE = 120;

/** Of policies, and of the roles that they include. */
const POLICY_ORDER = [
  ...['$schema', 'name', 'role', 'description', 'parameters', 'default', 'strict', 'drop', 'compat', 'exemptions'],
  ...['include', 'addressSets', 'filterLists', 'rules', 'accept', 'tests'],
] as const;
const RULE_ORDER = ['name', 'filterList', 'action', 'interfaces', 'filters'] as const;
const ACCEPT_ORDER = ['code', 'rule', 'because'] as const;
const TEST_ORDER = ['packet', 'expect', 'rule', 'interface', 'direction'] as const;
const PARAMETER_ORDER = ['description', 'default'] as const;
const INCLUDE_ORDER = ['role', 'with'] as const;
const FILTER_ORDER = [
  ...['source', 'destination', 'protocol', 'sourcePort', 'destinationPort'],
  ...['icmpType', 'icmpCode', 'established', 'fragment', 'mirrored'],
] as const;
const SECTIONS: ReadonlySet<unknown> = new Set([
  'parameters',
  'include',
  'addressSets',
  'filterLists',
  'rules',
  'accept',
  'tests',
]);
const MODELINE = /^ *yaml-language-server:/u;

export interface StyleOptions {
  /** An alias stands after its anchor, so a text with aliases keeps its keys where they are. */
  readonly orderKeys: boolean;
}

/** Brings a document into style, in place. Nodes of the wrong type are left as they are. */
export function styleDocument(document: Document, options: StyleOptions): void {
  plainScalars(document);
  const root = document.contents;
  if (!isMap(root)) return;
  const styler = new Styler(options);
  const first = root.items[0];
  styler.map(root, POLICY_ORDER);
  if (root.items[0] !== first) keepModelineOnTop(document, first?.key);
  spaceSections(root);
  oneLineEach(root.get('parameters', true));
  oneLineEach(root.get('include', true));
  styler.sets(root.get('addressSets', true));
  styler.lists(root.get('filterLists', true));
  styler.rules(root.get('rules', true));
  styler.items(root.get('accept', true), ACCEPT_ORDER);
  styler.items(root.get('tests', true), TEST_ORDER);
  styler.parameters(root.get('parameters', true));
  styler.includes(root.get('include', true));
  inFlow(root.get('exemptions', true));
  inFlow(root.get('drop', true));
}

/** As text; lines are not folded. */
export function printStyled(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

/** Quotes go where they are not needed; block text (| and >) is the author's choice. */
function plainScalars(document: Document): void {
  visit(document, {
    Scalar: (_, node) => {
      if (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE || node.type === Scalar.PLAIN) {
        delete node.type;
      }
      if (node.value === null && node.source === '') settleNothing(node);
    },
  });
}

/** Behind a key without a value: comments stand where they are read again, blank lines belong to the next key. */
function settleNothing(node: Scalar): void {
  node.spaceBefore = false;
  const comments = [node.commentBefore, node.comment].filter(isText);
  if (comments.length > 0) node.comment = comments.join('\n').replace(/\n+$/u, '');
  node.commentBefore = null;
}

class Styler {
  readonly #orderKeys: boolean;

  constructor(options: StyleOptions) {
    this.#orderKeys = options.orderKeys;
  }

  /** A mapping over several lines, known keys first. */
  map(map: YAMLMap, keys: readonly string[]): void {
    map.flow = map.items.length === 0;
    if (!this.#orderKeys) return;
    const place = (pair: Pair): number => {
      const at = keys.indexOf(String(isScalar(pair.key) ? pair.key.value : pair.key));
      return at < 0 ? keys.length : at;
    };
    map.items.sort((a, b) => place(a) - place(b));
  }

  sets(sets: unknown): void {
    if (!isMap(sets)) return;
    sets.flow = sets.items.length === 0;
    for (const { key, value } of sets.items) {
      if (isMap(value)) value.flow = !hasComments(value);
      if (isSeq(value)) inFlow(value, LINE - 2 - widthOf(key));
    }
  }

  lists(lists: unknown): void {
    if (!isMap(lists)) return;
    lists.flow = lists.items.length === 0;
    for (const { value } of lists.items) this.#filters(value);
  }

  rules(rules: unknown): void {
    if (!isSeq(rules)) return;
    rules.flow = rules.items.length === 0;
    for (const rule of rules.items) {
      if (!isMap(rule)) continue;
      this.map(rule, RULE_ORDER);
      this.#filters(rule.get('filters', true));
      inFlow(rule.get('interfaces', true));
      rule.flow = !rule.has('filters') && !hasComments(rule) && widthOf(rule) + '  - '.length <= LINE;
    }
  }

  includes(includes: unknown): void {
    if (!isSeq(includes)) return;
    includes.flow = false;
    for (const include of includes.items) {
      if (!isMap(include)) continue;
      this.map(include, INCLUDE_ORDER);
      const values = include.get('with', true);
      if (isMap(values)) for (const { value } of values.items) inFlow(value);
      include.flow = !hasComments(include) && widthOf(include) + '  - '.length <= LINE;
    }
  }

  /** Mappings of plain values, one a line where it fits. */
  items(list: unknown, keys: readonly string[]): void {
    if (!isSeq(list)) return;
    list.flow = list.items.length === 0;
    for (const item of list.items) {
      if (!isMap(item)) continue;
      this.map(item, keys);
      item.flow = !hasComments(item) && widthOf(item) + '  - '.length <= LINE;
    }
  }

  parameters(parameters: unknown): void {
    if (!isMap(parameters)) return;
    parameters.flow = false;
    for (const { value } of parameters.items) {
      if (!isMap(value)) continue;
      this.map(value, PARAMETER_ORDER);
      inFlow(value.get('default', true));
      value.flow = !hasComments(value);
    }
  }

  #filters(filters: unknown): void {
    if (!isSeq(filters)) return;
    filters.flow = filters.items.length === 0;
    for (const filter of filters.items) {
      if (isScalar(filter) && typeof filter.value === 'string') filter.type = Scalar.QUOTE_DOUBLE;
      if (!isMap(filter)) continue;
      this.map(filter, FILTER_ORDER);
      for (const { value } of filter.items) inFlow(value);
      filter.flow = !hasComments(filter);
    }
  }
}

/** A list or mapping whose mappings stand on one line each. */
function oneLineEach(collection: unknown): void {
  if (!isMap(collection) && !isSeq(collection)) return;
  collection.flow = collection.items.length === 0;
  for (const item of collection.items) {
    const value: unknown = isPair(item) ? item.value : item;
    if (!isMap(value)) continue;
    for (const inner of value.items) inFlow(inner.value);
    value.flow = !hasComments(value);
  }
}

/** A list on one line, without spaces inside its brackets, where it fits into `room` columns and holds no comment. */
function inFlow(list: unknown, room: number = Number.POSITIVE_INFINITY): void {
  if (!isSeq(list)) return;
  list.flow = !hasComments(list) && widthOf(list) <= room;
  if (!list.flow) return;
  list.toString = (context, onComment, onChompKeep) =>
    YAMLSeq.prototype.toString.call(
      list,
      context === undefined ? context : { ...context, flowCollectionPadding: '' },
      onComment,
      onChompKeep,
    );
}

/** Comments inside the node; those before and after it do not count. */
function hasComments(node: YAMLMap | YAMLSeq): boolean {
  let found = false;
  visit(node, {
    Node: (_, inner) => {
      if (inner !== node && (isText(inner.comment) || isText(inner.commentBefore))) found = true;
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function isText(comment: string | null | undefined): boolean {
  return comment !== null && comment !== undefined && comment !== '';
}

/** Columns of a node on one line, near enough to choose by. */
function widthOf(node: unknown): number {
  if (isMap(node)) return node.items.reduce((sum, pair) => sum + widthOf(pair.key) + 2 + widthOf(pair.value) + 2, 2);
  if (isSeq(node)) return node.items.reduce((sum: number, item) => sum + widthOf(item) + 2, 0);
  if (isPair(node)) return widthOf(node.key) + 2 + widthOf(node.value);
  if (isScalar(node)) return String(node.value).length;
  return isNode(node) ? 8 : 0;
}

function spaceSections(root: YAMLMap): void {
  for (const [i, { key }] of root.items.entries()) {
    if (!isScalar(key)) continue;
    if (i === 0) key.spaceBefore = false;
    else if (SECTIONS.has(key.value)) key.spaceBefore = true;
  }
}

/** The comment that names the schema to editors stands in the file's first lines, whichever key follows. */
function keepModelineOnTop(document: Document, formerFirst: unknown): void {
  const node: Node | undefined = isNode(formerFirst) ? formerFirst : undefined;
  const lines = node?.commentBefore?.split('\n') ?? [];
  const at = lines.findIndex((line) => MODELINE.test(line));
  if (node === undefined || at < 0) return;
  const next = lines.findIndex((line, i) => i > at && line.trim() !== '');
  const head = lines.slice(0, next < 0 ? lines.length : next);
  const before = document.commentBefore;
  document.commentBefore = [...(isText(before) ? [before] : []), ...head].join('\n');
  node.commentBefore = lines.slice(head.length).join('\n');
}
