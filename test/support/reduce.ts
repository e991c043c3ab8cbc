/** Makes a failing policy small: takes parts away, one at a time, for as long as it still fails. */
import { formatAddress } from '../../src/base/ip.ts';
import type { AddressMatch, Filter, HostAddresses, Policy, Rule } from '../../src/policy/model.ts';
import { ANY_PORT } from '../../src/policy/model.ts';
import { filterText, setsOf } from './policies.ts';

/** The smallest policy found that `fails`, which the given one must. */
export function reducedPolicy(policy: Policy, host: HostAddresses, fails: (smaller: Policy) => boolean): Policy {
  let smallest = policy;
  for (;;) {
    const next = smallerPolicies(smallest, host).find(fails);
    if (next === undefined) return smallest;
    smallest = next;
  }
}

/** Every policy that is one step smaller, the largest steps first. */
function smallerPolicies(policy: Policy, host: HostAddresses): readonly Policy[] {
  const { rules, exemptions } = policy;
  const withRules = (changed: readonly Rule[]): Policy => ({ ...policy, rules: changed, filterLists: new Map() });
  const replaced = (i: number, ...by: readonly Rule[]): Policy =>
    withRules([...rules.slice(0, i), ...by, ...rules.slice(i + 1)]);
  const used = new Set(rules.flatMap((rule) => rule.filterList.filters.flatMap(setNames)));
  const sets = new Map([...policy.addressSets].filter(([name]) => used.has(name)));
  return [
    ...rules.map((_, i) => replaced(i)),
    ...rules.flatMap((rule, i) => smallerRules(rule, host).map((smaller) => replaced(i, smaller))),
    ...exemptions.map((one) => ({ ...policy, exemptions: exemptions.filter((other) => other !== one) })),
    ...(sets.size < policy.addressSets.size ? [{ ...policy, addressSets: sets }] : []),
    ...namedSets(policy, host),
  ];
}

function setNames({ source, destination }: Filter): readonly string[] {
  return [source, destination].flatMap((match) => (match.kind === 'set' ? [match.name] : []));
}

function smallerRules(rule: Rule, host: HostAddresses): readonly Rule[] {
  const { filters } = rule.filterList;
  const withFilters = (changed: readonly Filter[]): Rule => ({
    ...rule,
    filterList: { ...rule.filterList, name: rule.name, filters: changed },
  });
  const fewer = filters.length > 1 ? filters.map((_, i) => withFilters(filters.filter((_f, j) => j !== i))) : [];
  const simpler = filters.flatMap((filter, i) =>
    simplerFilters(filter, host).map((by) => withFilters([...filters.slice(0, i), by, ...filters.slice(i + 1)])),
  );
  return [...fewer, ...(rule.interfaces === undefined ? [] : [{ ...rule, interfaces: undefined }]), ...simpler];
}

function simplerFilters(filter: Filter, host: HostAddresses): readonly Filter[] {
  const { source, destination, sourcePorts, destinationPorts, icmp, established, fragment, mirrored, protocol } =
    filter;
  const any = { kind: 'any' } as const;
  const changes: Partial<Filter>[] = [
    ...(mirrored === false ? [] : [{ mirrored: false as const }]),
    ...(source.kind === 'any' ? [] : [{ source: any }]),
    ...(destination.kind === 'any' ? [] : [{ destination: any }]),
    ...withoutSymbols(source, host).map((match) => ({ source: match })),
    ...withoutSymbols(destination, host).map((match) => ({ destination: match })),
    ...(isAny(sourcePorts) ? [] : [{ sourcePorts: [ANY_PORT] }]),
    ...(isAny(destinationPorts) ? [] : [{ destinationPorts: [ANY_PORT] }]),
    ...(icmp.length === 0 ? [] : [{ icmp: [] }]),
    ...(fragment ? [{ fragment: false }] : []),
    ...(established ? [{ established: false }] : []),
  ];
  const bare = isAny(sourcePorts) && isAny(destinationPorts) && icmp.length === 0 && !established;
  if (bare && protocol !== undefined) changes.push({ protocol: undefined });
  return changes.map((change) => {
    const changed = { ...filter, ...change };
    return { ...changed, text: filterText(changed) };
  });
}

/** Each address of a name or of `me`, by itself: what needs no host to be understood. */
function withoutSymbols(match: AddressMatch, host: HostAddresses): readonly AddressMatch[] {
  if (match.kind !== 'me' && match.kind !== 'name') return [];
  const addresses = match.kind === 'me' ? host.me : (host.names.get(match.name) ?? []);
  return addresses.map((address) => ({
    kind: 'prefix',
    prefix: { ...address, length: address.family === 4 ? 32 : 128 },
  }));
}

function isAny(ranges: Filter['sourcePorts']): boolean {
  return ranges.length === 1 && ranges[0]?.lo === ANY_PORT.lo && ranges[0].hi === ANY_PORT.hi;
}

/** Names that are left become sets of their answers, so that the text needs no resolver. */
function namedSets(policy: Policy, host: HostAddresses): readonly Policy[] {
  const asSet = (match: AddressMatch): AddressMatch =>
    match.kind === 'name' ? { kind: 'set', name: setName(match.name) } : match;
  const names = [...host.names.keys()].filter((name) =>
    policy.rules.some(({ filterList }) =>
      filterList.filters.some(({ source, destination }) =>
        [source, destination].some((match) => match.kind === 'name' && match.name === name),
      ),
    ),
  );
  if (names.length === 0) return [];
  const answers = Object.fromEntries(
    names.map((name) => [setName(name), (host.names.get(name) ?? []).map(formatAddress)]),
  );
  const rules = policy.rules.map((rule) => ({
    ...rule,
    filterList: {
      ...rule.filterList,
      filters: rule.filterList.filters.map((filter) => {
        const changed = { ...filter, source: asSet(filter.source), destination: asSet(filter.destination) };
        return { ...changed, text: filterText(changed) };
      }),
    },
  }));
  return [
    { ...policy, rules, filterLists: new Map(), addressSets: new Map([...policy.addressSets, ...setsOf(answers)]) },
  ];
}

function setName(name: string): string {
  return name.replaceAll('.', '-');
}
