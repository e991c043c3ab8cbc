/** The rules of a policy file. */
import type { Diagnostics, Span } from '../../base/diagnostics.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Action, FilterList, Rule } from '../../policy/model.ts';
import type { Token } from '../token.ts';
import { readFilterList } from './filter-list.ts';
import type { FilterScope } from './filter-reader.ts';
import { itemsOf, nodeOf, textNode } from './map-reader.ts';
import { findMeantWord } from './other-words.ts';
import { readInterface, readName } from './read-names.ts';
import type { MapNode, SourceNode } from './source-tree.ts';

/** What a rule may refer to besides what its filters may. */
export interface RuleScope extends FilterScope {
  readonly lists: Map<string, FilterList>;
  readonly usedLists: Set<string>;
}

export function readRules(node: SourceNode | undefined, policySpan: Span, scope: RuleScope): Rule[] {
  const rules: Rule[] = [];
  const names = new Map<string, Token>();
  const items = itemsOf(node);
  for (const item of items) {
    const rule = item.kind === 'map' ? readRule(item, names, scope) : undefined;
    if (rule !== undefined) rules.push(rule);
  }
  if (items.length === 0 && (node === undefined || node.kind === 'list')) {
    const span = node?.span ?? policySpan;
    scope.diags.report('XP0306', span, 'the policy has no rules: the default decides every packet');
  }
  return rules;
}

function readRule(map: MapNode, names: Map<string, Token>, scope: RuleScope): Rule | undefined {
  const { diags } = scope;
  const reference = textNode(nodeOf(map, 'filterList'));
  const own = nodeOf(map, 'filters');
  const name = readRuleName(map, names, diags);
  const action = readAction(nodeOf(map, 'action'), diags);
  const interfaces = readInterfaces(nodeOf(map, 'interfaces'), diags);
  if (!checkOneList(map, diags)) return undefined;
  const filterList =
    own === undefined
      ? findList(reference?.token, scope)
      : readFilterList(name ?? '', own.kind === 'list' ? own.span : map.span, own, scope);
  if (filterList === undefined || name === undefined || action === undefined) return undefined;
  return { name, filterList, action, interfaces, span: map.span };
}

function checkOneList(map: MapNode, diags: Diagnostics): boolean {
  const both = map.entries.has('filterList') && map.entries.has('filters');
  if (both) {
    const span = map.entries.get('filters')?.key.span ?? map.span;
    diags.report('XP0307', span, 'a rule has filterList or filters, found both', 'make it two rules');
  } else if (!map.entries.has('filterList') && !map.entries.has('filters')) {
    diags.report('XP0307', map.span, 'a rule has filterList or filters, found neither');
  } else {
    return true;
  }
  return false;
}

/** The rule's own name, or its list's; each rule needs one that no other has: it is counted by it. */
function readRuleName(map: MapNode, names: Map<string, Token>, diags: Diagnostics): string | undefined {
  const written = nodeOf(map, 'name');
  const token = textNode(written ?? nodeOf(map, 'filterList'))?.token;
  if (token === undefined) {
    if (written === undefined && !map.entries.has('filterList') && map.entries.has('filters')) {
      diags.report('XP0308', map.span, 'a rule with filters of its own needs a name', 'add name:');
    }
    return undefined;
  }
  const name = readName(token, 'rule', diags);
  if (name === undefined) return undefined;
  const other = names.get(name);
  names.set(name, other ?? token);
  if (other === undefined) return name;
  const help = written === undefined ? 'add name: to tell them apart' : 'packets are counted by rule name';
  return diags.report('XP0301', token.span, `another rule (line ${other.span.line}) is named "${name}"`, help);
}

function findList(token: Token | undefined, scope: RuleScope): FilterList | undefined {
  if (token === undefined) return undefined;
  scope.usedLists.add(token.text);
  const list = scope.lists.get(token.text);
  if (list !== undefined) return list;
  const help = didYouMean(token.text, scope.lists.keys());
  return scope.diags.report('XP0302', token.span, `there is no filter list "${token.text}"`, help);
}

function readAction(node: SourceNode | undefined, diags: Diagnostics): Action | undefined {
  const token = textNode(node)?.token;
  if (token === undefined) return undefined;
  if (token.text === 'permit' || token.text === 'block') return token.text;
  if (/^(?:inpass|negotiate.*|secure|require.*|request.*|esp|ah)\b/iu.test(token.text)) {
    const message = `action "${token.text}" negotiates security; nothing here does`;
    return diags.report('XP0305', token.span, message, 'the actions are permit and block');
  }
  const meant = findMeantWord(token.text, ['permit', 'block']);
  const help = meant === undefined ? undefined : `did you mean ${meant}?`;
  return diags.report('XP0008', token.span, `expected permit or block, found "${token.text}"`, help);
}

function readInterfaces(node: SourceNode | undefined, diags: Diagnostics): readonly string[] | undefined {
  if (node === undefined) return undefined;
  const names = new Set<string>();
  for (const item of itemsOf(node)) {
    const token = textNode(item)?.token;
    const name = token === undefined ? undefined : readInterface(token, diags);
    if (name !== undefined) names.add(name);
  }
  return [...names];
}
