/**
 * Changes to the text of a policy, which may be anybody's: comments, files of address sets and everything that the change
 * is not about stay as they are.
 */
import type { YAMLMap, YAMLSeq } from 'yaml';
import { Document, isMap, isScalar, isSeq, parseDocument, Scalar } from 'yaml';
import type { KeyedRule } from '../yaml/keyed-rule.ts';
import { printStyled, styleDocument } from '../yaml/style.ts';
import type { SpecRule } from './command.ts';
import { companionsOf } from './command.ts';

export function countFilters(rule: SpecRule | KeyedRule): number {
  return 'specs' in rule ? rule.specs.length : rule.filters.length;
}

export type TextEdit =
  | {
      readonly kind: 'add';
      readonly rule: string;
      readonly rules: readonly (SpecRule | KeyedRule)[];
      readonly interfaces: readonly string[] | undefined;
    }
  | { readonly kind: 'delete'; readonly rules: readonly string[] };

export interface EditedText {
  readonly text: string;
  /** Rules that were there and are not now, or are there anew. */
  readonly replaced: readonly string[];
}

/** A policy without rules: permits what no rule decides, as the original did. */
export function newPolicyText(name: string): string {
  return printStyled(new Document({ name }));
}

/** The text with the change, or undefined where its rules are in no form that can be added to (aliases, say). */
export function editPolicyText(text: string, edit: TextEdit): EditedText | undefined {
  const document = parseDocument(text);
  const root: unknown = document.contents;
  if (document.errors.length > 0 || !isMap(root)) return undefined;
  const lists = section(document, root, 'filterLists', {});
  const rules = section(document, root, 'rules', []);
  if (!isMap(lists) || !isSeq(rules)) return undefined;
  const names = edit.kind === 'add' ? [edit.rule, ...companionsOf(edit.rule)] : edit.rules.flatMap(withCompanions);
  const replaced = removeRules(rules, lists, new Set(names));
  if (edit.kind === 'add') for (const rule of edit.rules) addRule(document, rules, lists, rule, edit.interfaces);
  if (lists.items.length === 0) root.delete('filterLists');
  if (text.trim() === newPolicyText(String(root.get('name'))).trim()) styleDocument(document, { orderKeys: true });
  return { text: printStyled(document), replaced };
}

function withCompanions(rule: string): readonly string[] {
  return [rule, ...companionsOf(rule)];
}

/** A section that is missing, or is a key without a value, is made. */
function section(document: Document, root: YAMLMap, key: string, empty: unknown): unknown {
  const found = root.get(key, true) as unknown;
  if (found !== undefined && !(isScalar(found) && found.value === null)) {
    if ((isMap(found) || isSeq(found)) && found.items.length === 0) found.flow = false;
    return found;
  }
  const made = document.createPair(key, empty);
  if (isMap(made.value) || isSeq(made.value)) made.value.flow = false;
  root.delete(key);
  root.add(made);
  return made.value;
}

function textOf(map: YAMLMap, key: string): string | undefined {
  const value: unknown = map.get(key);
  return typeof value === 'string' ? value : undefined;
}

function listOf(rule: unknown): string | undefined {
  return isMap(rule) ? textOf(rule, 'filterList') : undefined;
}

function ruleName(rule: unknown): string | undefined {
  return isMap(rule) ? (textOf(rule, 'name') ?? textOf(rule, 'filterList')) : undefined;
}

/** With the lists that no other rule uses. */
function removeRules(rules: YAMLSeq, lists: YAMLMap, names: ReadonlySet<string>): readonly string[] {
  const isNamed = (rule: unknown): boolean => names.has(ruleName(rule) ?? '');
  const removed = rules.items.filter(isNamed);
  rules.items = rules.items.filter((rule) => !isNamed(rule));
  const used = new Set(rules.items.map(listOf));
  for (const list of removed.map(listOf)) if (list !== undefined && !used.has(list)) lists.delete(list);
  return removed.map(ruleName).filter((name) => name !== undefined);
}

/** The list has the rule's name, unless a list of that name is another rule's. */
function addRule(
  document: Document,
  rules: YAMLSeq,
  lists: YAMLMap,
  rule: SpecRule | KeyedRule,
  interfaces: readonly string[] | undefined,
): void {
  let list = rule.name;
  for (let i = 2; rules.items.some((other) => listOf(other) === list); i++) list = `${rule.name} ${i}`;
  const filters = document.createNode('specs' in rule ? rule.specs.map(quoteSpec) : rule.filters) as YAMLSeq;
  filters.flow = false;
  for (const filter of filters.items) if (isMap(filter)) filter.flow = true;
  lists.set(list, filters);
  const limits = interfaces === undefined ? {} : { interfaces };
  const node = document.createNode({ name: rule.name, filterList: list, action: rule.action, ...limits }) as YAMLMap;
  node.flow = true;
  rules.add(node);
}

function quoteSpec(spec: string): Scalar {
  const scalar = new Scalar(spec);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
