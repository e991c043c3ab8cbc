/** What is different between two policies, as they are written. The order of rules and filters means nothing, so it is not compared. */

import type { Prefix } from '../base/ip.ts';
import { formatPrefix } from '../base/ip.ts';
import { addressText } from '../policy/address-match.ts';
import type { AcceptedWarning, AddressSet, Filter, Policy, PolicyTest, Rule } from '../policy/model.ts';
import type { PrefixSet } from '../policy/prefix-set.ts';
import { prefixesOf } from '../policy/prefix-set.ts';
import { plainFilter } from './yaml/print.ts';

export type Change = 'added' | 'removed' | 'changed';

/** A value that has changed, as text. */
export interface ChangedValue {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

export interface ChangedRule {
  readonly rule: string;
  readonly change: Change;
  /** Action and interfaces; of a rule that was added or removed none. */
  readonly values: readonly ChangedValue[];
  readonly added: readonly Filter[];
  readonly removed: readonly Filter[];
}

export interface ChangedSet {
  readonly set: string;
  readonly change: Change;
  /** What is left out. */
  readonly values: readonly ChangedValue[];
  readonly added: readonly Prefix[];
  readonly removed: readonly Prefix[];
}

export interface PolicyDiff {
  readonly settings: readonly ChangedValue[];
  readonly rules: readonly ChangedRule[];
  readonly addressSets: readonly ChangedSet[];
}

export function diffPolicies(before: Policy, after: Policy): PolicyDiff {
  return {
    settings: findChangedValues([
      ['name', before.name, after.name],
      ['description', before.description, after.description],
      ['default', before.default, after.default],
      ['strict', String(before.strict), String(after.strict)],
      ['drop', sortNames(before.drop), sortNames(after.drop)],
      ['exemptions', sortNames(before.exemptions), sortNames(after.exemptions)],
      ['accept', listItems(before.accept), listItems(after.accept)],
      ['tests', listItems(before.tests), listItems(after.tests)],
    ]),
    rules: diffRules(rulesByName(before), rulesByName(after)),
    addressSets: diffSets(before, after),
  };
}

function sortNames(names: readonly string[]): string {
  return [...names].sort().join(', ') || 'none';
}

/** A line for each, without its place. */
function listItems(items: readonly (AcceptedWarning | PolicyTest)[]): string {
  return sortNames(items.map((item) => ('packet' in item ? testText(item) : acceptedText(item))));
}

function testText({ packet, expect, rule, interface: at, direction }: PolicyTest): string {
  const parts = [packet, '=>', expect, rule === undefined ? '' : `by ${rule}`, at ?? '', direction ?? ''];
  return parts.filter((part) => part !== '').join(' ');
}

function acceptedText({ code, rule, because }: AcceptedWarning): string {
  return `${code}${rule === undefined ? '' : ` of ${rule}`}: ${because}`;
}

function findChangedValues(values: readonly (readonly [string, string, string])[]): ChangedValue[] {
  return values.filter(([, a, b]) => a !== b).map(([what, before, after]) => ({ what, before, after }));
}

/** Names in the order of the first policy, then those only the second has. */
function namesOfBoth(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])];
}

function rulesByName(policy: Policy): ReadonlyMap<string, Rule> {
  return new Map(policy.rules.map((rule) => [rule.name, rule]));
}

function diffRules(before: ReadonlyMap<string, Rule>, after: ReadonlyMap<string, Rule>): ChangedRule[] {
  return namesOfBoth(before, after).flatMap((name) => {
    const a = before.get(name);
    const b = after.get(name);
    const values = a === undefined || b === undefined ? [] : findChangedValues(valuesOf(a, b));
    const [old, fresh] = [filtersByMeaning(a), filtersByMeaning(b)];
    const removed = [...old].filter(([key]) => !fresh.has(key)).map(([, filter]) => filter);
    const added = [...fresh].filter(([key]) => !old.has(key)).map(([, filter]) => filter);
    const change = changeOf(a, b);
    if (change === 'changed' && values.length + removed.length + added.length === 0) return [];
    return [{ rule: name, change, values, added, removed }];
  });
}

function changeOf(before: unknown, after: unknown): Change {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
}

function valuesOf(a: Rule, b: Rule): readonly (readonly [string, string, string])[] {
  const interfaces = (rule: Rule): string => (rule.interfaces === undefined ? 'any' : sortNames(rule.interfaces));
  return [
    ['action', a.action, b.action],
    ['interfaces', interfaces(a), interfaces(b)],
  ];
}

/** Filters that say the same in other words are the same. */
function filtersByMeaning(rule: Rule | undefined): ReadonlyMap<string, Filter> {
  return new Map((rule?.filterList.filters ?? []).map((filter) => [JSON.stringify(plainFilter(filter)), filter]));
}

function diffSets(before: Policy, after: Policy): ChangedSet[] {
  return namesOfBoth(before.addressSets, after.addressSets).flatMap((set) => {
    const [a, b] = [before.addressSets.get(set), after.addressSets.get(set)];
    const removed = prefixesOnlyIn(a?.prefixes, b?.prefixes);
    const added = prefixesOnlyIn(b?.prefixes, a?.prefixes);
    const values = findChangedValues([
      ['exclude', excludedText(a), excludedText(b)],
      ['live', liveText(a), liveText(b)],
    ]);
    const change = changeOf(a, b);
    const isSame = change === 'changed' && removed.length + added.length + values.length === 0;
    return isSame ? [] : [{ set, change, values, added, removed }];
  });
}

function excludedText(set: AddressSet | undefined): string {
  return sortNames((set?.exclude ?? []).map(addressText));
}

function liveText(set: AddressSet | undefined): string {
  if (set?.live === undefined) return 'no';
  const { capacity, levels, feed } = set.live;
  const from = feed === undefined ? '' : `, feed ${JSON.stringify(feed)}`;
  return `capacity ${capacity}, levels ${[...levels[4], ...levels[6]].join(', ')}${from}`;
}

function prefixesOnlyIn(set: PrefixSet | undefined, other: PrefixSet | undefined): readonly Prefix[] {
  if (set === undefined) return [];
  const others = new Set(other === undefined ? [] : [...prefixesOf(other)].map(formatPrefix));
  return [...prefixesOf(set)].filter((prefix) => !others.has(formatPrefix(prefix)));
}
