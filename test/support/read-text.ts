import type { Diagnostic } from '../../src/base/diagnostics.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { readPolicy } from '../../src/formats/yaml/policy-reader.ts';
import type { Filter, FilterList, Policy, Rule } from '../../src/policy/model.ts';

export interface ReadResult {
  readonly policy: Policy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** `XP0005@2:1`, in the order of the text. */
  readonly codes: readonly string[];
}

/** Reads a policy text whose set files are given by name. */
export function readText(text: string, setFiles: Readonly<Record<string, string>> = {}): ReadResult {
  const diags = new Diagnostics();
  const readSetFile = (path: string): string | { readonly error: string } =>
    setFiles[path] ?? { error: 'no such file or directory' };
  const policy = readPolicy({ file: 'test.yaml', text, readSetFile }, diags);
  const places = [...diags.all].sort((a, b) => a.span.line - b.span.line || a.span.column - b.span.column);
  return {
    policy,
    diagnostics: diags.all,
    codes: places.map((d) => `${d.code}@${d.span.line}:${d.span.column}`),
  };
}

/** A policy with one rule that blocks the filter, given in flow YAML. */
export function policyWith(filter: string, sets = '{}'): string {
  return `{name: t, addressSets: ${sets}, rules: [{name: r, action: block, filters: [\n${filter}\n]}]}`;
}

/** A filter without what tells how it was written. */
export function meaningOf(filter: Filter): Omit<Filter, 'text' | 'span'> {
  const { text: _text, span: _span, ...meaning } = filter;
  return meaning;
}

/** A policy without texts and spans, to compare what two of them mean. */
export function meaningOfPolicy(policy: Policy): unknown {
  const list = (l: FilterList): unknown => ({ name: l.name, filters: l.filters.map(meaningOf) });
  const rule = (r: Rule): unknown => ({
    name: r.name,
    action: r.action,
    interfaces: r.interfaces,
    list: list(r.filterList),
    shared: policy.filterLists.get(r.filterList.name) === r.filterList,
  });
  const { span: _span, ...rest } = policy;
  return {
    ...rest,
    addressSets: new Map([...policy.addressSets].map(([name, set]) => [name, [set.name, set.prefixes]])),
    filterLists: new Map([...policy.filterLists].map(([name, l]) => [name, list(l)])),
    rules: policy.rules.map(rule),
    accept: policy.accept.map(({ span: _at, ...one }) => one),
    tests: policy.tests.map(({ span: _at, ...one }) => one),
  };
}
