/**
 * A policy as ipsecpol commands, one for each rule, as they would be typed. What one filter says with an address set or
 * a list of ports becomes several filterspecs; they rank as the filter did. What has no words there is reported.
 */

import type { Diagnostics, Span } from '../../base/diagnostics.ts';
import type { Prefix } from '../../base/ip.ts';
import { rangePrefixes, singleAddresses } from '../../policy/address-match.ts';
import { DEFAULT_EXEMPTIONS, isDefaultDrop } from '../../policy/defaults.ts';
import { namesLiveSet } from '../../policy/live-sets.ts';
import type { AddressMatch, AddressSet, Filter, Policy, PortRange } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { isAnyPort } from '../../policy/ports.ts';
import { prefixesOf } from '../../policy/prefix-set.ts';
import { printFilterSpec } from '../yaml/print.ts';

/** A command line has an end: a filter that needs more filterspecs than this is reported instead. */
const MAX_SPECS = 100;
const ACTION_WORDS = { permit: 'PASS', block: 'BLOCK' } as const;

/** The commands, without their line ends, for those rules and filters that have one. Everything else is in `diags`. */
export function printIpsecpol(policy: Policy, diags: Diagnostics): readonly string[] {
  reportPolicy(policy, diags);
  return policy.rules.flatMap((rule) => {
    const specs = rule.filterList.filters.flatMap((filter) => specsOf(filter, policy, diags));
    if (rule.interfaces !== undefined) {
      reportUnsayable(diags, rule.span, `rule "${rule.name}" is limited to interfaces`);
      return [];
    }
    if (specs.length === 0) return [];
    const words = ['-w', 'REG', '-p', policy.name, '-r', rule.name, ...specs.flatMap((spec) => ['-f', spec])];
    return [['ipsecpol', ...words, '-n', ACTION_WORDS[rule.action]].map(shellWord).join(' ')];
  });
}

/** For double quotes where they are enough, which shells of every system read; else as POSIX shells do. */
export function shellWord(word: string): string {
  if (/^[\w.,:/=@%-]+$/u.test(word)) return word;
  return /["$`\\!]/u.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}

function reportUnsayable(diags: Diagnostics, span: Span, what: string, help?: string): void {
  diags.report('XP0520', span, `${what}: no ipsecpol command says that`, help);
}

function reportPolicy(policy: Policy, diags: Diagnostics): void {
  const help = 'end with a rule that blocks what the permits leave over';
  if (policy.default === 'block') reportUnsayable(diags, policy.span, 'default: block', help);
  if (!policy.strict) reportUnsayable(diags, policy.span, 'strict: false');
  if (!isDefaultDrop(policy)) reportUnsayable(diags, policy.span, `drop: [${policy.drop.join(', ')}]`);
  if (policy.exemptions.join() !== DEFAULT_EXEMPTIONS.join()) {
    reportUnsayable(diags, policy.span, `exemptions: [${policy.exemptions.join(', ')}]`);
  }
}

function specsOf(filter: Filter, policy: Policy, diags: Diagnostics): readonly string[] {
  const found = findUnsayable(filter, policy.addressSets);
  if (found !== undefined) {
    reportUnsayable(diags, filter.span, found);
    return [];
  }
  const simple = simpleFilters(filter, policy.addressSets);
  if (simple === undefined) {
    reportUnsayable(diags, filter.span, `the filter stands for more than ${MAX_SPECS} filterspecs`);
    return [];
  }
  if (simple.some(isOtherIcmp)) {
    reportUnsayable(diags, filter.span, 'an address set with addresses of the other family than the ICMP protocol');
    return [];
  }
  return simple.map(printFilterSpec).filter((spec) => spec !== undefined);
}

/** What of the filter has no words in a filterspec, whatever it is split into. */
function findUnsayable(filter: Filter, sets: ReadonlyMap<string, AddressSet>): string | undefined {
  const range = [...filter.sourcePorts, ...filter.destinationPorts].find((ports) => !isSayable(ports));
  if (range !== undefined) return `port range ${range.lo}-${range.hi}`;
  if (filter.icmp.length > 0) return `icmpType ${filter.icmp.map(({ type }) => type).join(', ')}`;
  if (filter.fragment) return 'fragment: later';
  const ends = [filter.source, filter.destination];
  if (ends.flatMap(singleAddresses).some(({ kind }) => kind === 'local')) return 'the address local';
  if (ends.some((end) => namesLiveSet(end, sets))) return 'an address set that is live';
  if (ends.some((end) => leavesOut(end, sets))) return 'exclude';
  if (filter.established) return 'established';
  return filter.mirrored === 'established' ? 'mirrored: established' : undefined;
}

function leavesOut(match: AddressMatch, sets: ReadonlyMap<string, AddressSet>): boolean {
  if (match.kind === 'list') return match.exclude.length > 0 || match.members.some((member) => leavesOut(member, sets));
  return match.kind === 'set' && (sets.get(match.name)?.exclude.length ?? 0) > 0;
}

/** ICMP of one version between addresses of the other: a set may bring that about, a filterspec is refused. */
function isOtherIcmp({ protocol, source, destination }: Filter): boolean {
  const other = protocol === PROTOCOLS.icmp ? 6 : protocol === PROTOCOLS.icmpv6 ? 4 : undefined;
  return [source, destination].every((end) => end.kind === 'prefix' && end.prefix.family === other);
}

function isSayable(ports: PortRange): boolean {
  return (ports.lo === ports.hi && ports.lo !== 0) || isAnyPort(ports);
}

/** One filter for every pair of addresses and ports; undefined where they are too many. */
function simpleFilters(filter: Filter, sets: ReadonlyMap<string, AddressSet>): readonly Filter[] | undefined {
  const sources = addressesOf(filter.source, sets);
  const destinations = addressesOf(filter.destination, sets);
  const { sourcePorts, destinationPorts } = filter;
  if (sources === undefined || destinations === undefined) return undefined;
  const pairs = sources.flatMap((source) =>
    destinations.filter((end) => canMeet(source, end)).map((destination) => ({ source, destination })),
  );
  if (pairs.length * sourcePorts.length * destinationPorts.length > MAX_SPECS) return undefined;
  return pairs.flatMap((ends) =>
    sourcePorts.flatMap((source) =>
      destinationPorts.map((port) => ({ ...filter, ...ends, sourcePorts: [source], destinationPorts: [port] })),
    ),
  );
}

/** Each address that has a form of its own; undefined where they are too many. */
function addressesOf(match: AddressMatch, sets: ReadonlyMap<string, AddressSet>): readonly AddressMatch[] | undefined {
  switch (match.kind) {
    case 'set': {
      const prefixes = sets.get(match.name)?.prefixes;
      if (prefixes === undefined) return [];
      if (prefixes.v4.count + prefixes.v6.count > MAX_SPECS) return undefined;
      return [...prefixesOf(prefixes)].map(matchOf);
    }
    case 'range':
      return rangePrefixes(match.first, match.last).map(matchOf);
    case 'list': {
      const members = match.members.map((member) => addressesOf(member, sets));
      const known = members.filter((one) => one !== undefined);
      return known.length < members.length ? undefined : known.flat();
    }
    default:
      return [match];
  }
}

function matchOf(prefix: Prefix): AddressMatch {
  return { kind: 'prefix', prefix };
}

function canMeet(source: AddressMatch, destination: AddressMatch): boolean {
  if (source.kind !== 'prefix' || destination.kind !== 'prefix') return true;
  return source.prefix.family === destination.prefix.family;
}
