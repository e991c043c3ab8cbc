/**
 * Policies as text: canonical YAML that reads back as the same policy, and filterspecs for the filters
 * that one can express. What was a file, an alias or a comment is not kept; defaults are left out.
 */

import { Document, isMap, isScalar, isSeq, stringify } from 'yaml';
import type { Prefix } from '../../base/ip.ts';
import { formatAddress, formatPrefix, fullLength, wordMask } from '../../base/ip.ts';
import { addressText } from '../../policy/address-match.ts';
import { isDefaultDrop } from '../../policy/defaults.ts';
import type { Feed } from '../../policy/feed.ts';
import type { LiveSet } from '../../policy/live-sets.ts';
import type {
  AcceptedWarning,
  AddressMatch,
  AddressSet,
  Filter,
  FilterList,
  Policy,
  PolicyTest,
  PortRange,
  Rule,
} from '../../policy/model.ts';
import { areAnyPort, protocolName } from '../../policy/ports.ts';
import { prefixesOf } from '../../policy/prefix-set.ts';
import { SPEC_PROTOCOLS } from '../filterspec.ts';
import { printStyled, styleDocument } from './style.ts';

type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };
type PlainMap = Readonly<Record<string, Plain>>;
type Entries = readonly (readonly [key: string, value: Plain])[];

/** Comments to print before parts of a policy: the policy itself, its filter lists, its filters. Lines without #. */
export type PolicyComments = ReadonlyMap<Policy | FilterList | Filter, string>;

/** The policy as a YAML file in the house style: see style.ts. */
export function printPolicy(policy: Policy, comments: PolicyComments = new Map()): string {
  const document = new Document(plainPolicy(policy), { aliasDuplicateObjects: false });
  styleDocument(document, { orderKeys: true });
  spaceLists(document);
  if (comments.size > 0) addComments(document, policy, comments);
  return printStyled(document);
}

function spaceLists(document: Document): void {
  const lists = document.get('filterLists');
  for (const { key } of isMap(lists) ? lists.items.slice(1) : []) if (isScalar(key)) key.spaceBefore = true;
}

function addComments(document: Document, policy: Policy, comments: PolicyComments): void {
  const indented = (part: Policy | FilterList | Filter): string | undefined =>
    comments.get(part)?.replaceAll(/^(?=.)/gmu, ' ');
  document.commentBefore = indented(policy) ?? null;
  const lists = document.get('filterLists');
  if (!isMap(lists)) return;
  for (const [i, list] of [...policy.filterLists.values()].entries()) {
    const pair = lists.items[i];
    if (isScalar(pair?.key)) pair.key.commentBefore = indented(list) ?? null;
    for (const [j, filter] of list.filters.entries()) {
      const node = isSeq(pair?.value) ? pair.value.items[j] : undefined;
      const comment = indented(filter);
      if (isMap(node) && comment !== undefined) node.commentBefore = comment;
    }
  }
}

/** One rule with its filters, as a policy file has it: a fragment to put in the place of the rule. */
export function printRule(rule: Rule): string {
  const document = new Document(mapOf([['rules', [plainRule(rule, undefined)]]]), { aliasDuplicateObjects: false });
  styleDocument(document, { orderKeys: true });
  return printStyled(document);
}

/** A filter on one line, as an item of a list of filters has it. */
export function printFilter(filter: Filter): string {
  return stringify(plainFilter(filter), { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

/** The policy as the values of a policy file: what JSON.stringify prints reads back too. */
export function plainPolicy(policy: Policy): PlainMap {
  const sets = [...policy.addressSets.values()].map((set) => [set.name, plainSet(set)] as const);
  const lists = [...policy.filterLists.values()].map((list) => [list.name, list.filters.map(plainFilter)] as const);
  return mapOf([
    ['name', policy.name],
    ...(policy.description === '' ? [] : [['description', policy.description] as const]),
    ['default', policy.default],
    ['strict', policy.strict],
    ...(isDefaultDrop(policy) ? [] : [['drop', policy.drop] as const]),
    ['exemptions', policy.exemptions],
    ...(sets.length === 0 ? [] : [['addressSets', mapOf(sets)] as const]),
    ...(lists.length === 0 ? [] : [['filterLists', mapOf(lists)] as const]),
    ['rules', policy.rules.map((rule) => plainRule(rule, policy))],
    ...(policy.accept.length === 0 ? [] : [['accept', policy.accept.map(plainAccepted)] as const]),
    ...(policy.tests.length === 0 ? [] : [['tests', policy.tests.map(plainTest)] as const]),
  ]);
}

/** Keys in the order given; without a prototype, so that any key is only a key. */
function mapOf(entries: Entries): PlainMap {
  const map = Object.create(null) as Record<string, Plain>;
  for (const [key, value] of entries) map[key] = value;
  return map;
}

/** Without the policy, whose lists it may name, the rule has its filters itself. */
function plainRule(rule: Rule, policy: Policy | undefined): PlainMap {
  const named = policy?.filterLists.get(rule.filterList.name) === rule.filterList;
  return mapOf([
    ...(named && rule.name === rule.filterList.name ? [] : [['name', rule.name] as const]),
    ...(named ? [['filterList', rule.filterList.name] as const] : []),
    ['action', rule.action],
    ...(rule.interfaces === undefined ? [] : [['interfaces', rule.interfaces] as const]),
    ...(named ? [] : [['filters', rule.filterList.filters.map(plainFilter)] as const]),
  ]);
}

function given(key: string, value: Plain | undefined): Entries {
  return value === undefined ? [] : [[key, value]];
}

function plainAccepted({ code, rule, because }: AcceptedWarning): PlainMap {
  return mapOf([['code', code], ...given('rule', rule), ['because', because]]);
}

export function plainTest(test: PolicyTest): PlainMap {
  return mapOf([
    ['packet', test.packet],
    ['expect', test.expect],
    ...given('rule', test.rule),
    ...given('interface', test.interface),
    ...given('direction', test.direction),
  ]);
}

/** The mapping form. Both addresses are always there, so that a line says what it is about. */
export function plainFilter(filter: Filter): PlainMap {
  return mapOf([
    ['source', plainAddress(filter.source)],
    ['destination', plainAddress(filter.destination)],
    ...given('protocol', plainProtocol(filter.protocol)),
    ...given('sourcePort', plainPorts(filter.sourcePorts)),
    ...given('destinationPort', plainPorts(filter.destinationPorts)),
    ...given('icmpType', oneOrAll(filter.icmp.map(({ type }) => type))),
    ...given('icmpCode', filter.icmp[0]?.code),
    ...given('established', filter.established ? true : undefined),
    ...given('fragment', filter.fragment ? 'later' : undefined),
    ...given('mirrored', filter.mirrored === false ? undefined : filter.mirrored),
  ]);
}

function plainSet({ prefixes, exclude, live }: AddressSet): Plain {
  if (live !== undefined) return plainLiveSet(live);
  const addresses = [...prefixesOf(prefixes)].map(formatPrefix);
  return exclude.length === 0
    ? addresses
    : mapOf([
        ['addresses', addresses],
        ['exclude', exclude.map(addressText)],
      ]);
}

function plainLiveSet({ capacity, levels, feed }: LiveSet): Plain {
  return mapOf([
    ...(feed === undefined ? [['live', true] as const] : plainFeed(feed)),
    ['capacity', capacity],
    ['levels', [...levels[4], ...levels[6]]],
  ]);
}

function plainFeed({ source, list, exclude, split }: Feed): readonly (readonly [string, Plain])[] {
  const { format, column, field } = list;
  const from: readonly (readonly [string, Plain])[] =
    source.kind === 'file'
      ? [
          ['file', source.path],
          ['watch', true],
        ]
      : [
          source.kind === 'url'
            ? ['url', source.url]
            : [
                'crowdsec',
                mapOf([
                  ['url', source.url],
                  ['keyFile', source.keyFile],
                ]),
              ],
          ['every', `${source.seconds}s`],
        ];
  return [
    ...from,
    ...given('format', format),
    ...given('column', column),
    ...given('field', field),
    ...given('exclude', exclude.length === 0 ? undefined : exclude),
    ...given('split', split ? true : undefined),
  ];
}

function plainAddress(match: AddressMatch): Plain {
  if (match.kind !== 'list') return addressText(match);
  const addresses = match.members.map(addressText);
  if (match.exclude.length === 0) return addresses;
  return mapOf([
    ['addresses', oneOrAll(addresses) ?? []],
    ['exclude', match.exclude.map(addressText)],
  ]);
}

function plainPorts(ranges: readonly PortRange[]): Plain | undefined {
  if (areAnyPort(ranges)) return undefined;
  return oneOrAll(ranges.map(({ lo, hi }) => (lo === hi && lo !== 0 ? lo : `${lo}-${hi}`)));
}

function oneOrAll(items: readonly Plain[]): Plain | undefined {
  return items.length > 1 ? items : items[0];
}

function plainProtocol(protocol: number | undefined): Plain | undefined {
  if (protocol === undefined) return undefined;
  const name = protocolName(protocol);
  return name === String(protocol) ? protocol : name;
}

const SPEC_NAMES: ReadonlyMap<number, string> = new Map([...SPEC_PROTOCOLS].map(([name, number]) => [number, name]));

/** The filter as a filterspec, or undefined: sets, several ports, ICMP types, established and fragments have none. */
export function printFilterSpec(filter: Filter): string | undefined {
  if (filter.icmp.length > 0 || filter.established || filter.mirrored === 'established') return undefined;
  if (filter.fragment) return undefined;
  const source = specAddress(filter.source);
  const destination = specAddress(filter.destination);
  const sourcePort = specPort(filter.sourcePorts);
  const destinationPort = specPort(filter.destinationPorts);
  if (source === undefined || destination === undefined) return undefined;
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  const protocol = filter.protocol === undefined ? '' : (SPEC_NAMES.get(filter.protocol) ?? String(filter.protocol));
  const ports = [sourcePort === '' ? '' : `:${sourcePort}`, destinationPort === '' ? '' : `:${destinationPort}`];
  const last = protocol === '' ? ports[1] : `:${destinationPort}:${protocol}`;
  return `${source}${ports[0]}${filter.mirrored ? '+' : '='}${destination}${last}`;
}

/** IPv4 prefixes with a dotted mask, as the original takes them. */
function specAddress(match: AddressMatch): string | undefined {
  switch (match.kind) {
    case 'any':
      return '*';
    case 'me':
      return '0';
    case 'name':
      return match.name;
    case 'prefix':
      return specPrefix(match.prefix);
    case 'set':
    case 'local':
    case 'range':
    case 'list':
      return undefined;
  }
}

function specPrefix(prefix: Prefix): string {
  if (prefix.family === 6) return `[${formatPrefix(prefix)}]`;
  if (prefix.length === fullLength(4)) return formatAddress(prefix);
  const mask = formatAddress({ family: 4, words: [wordMask(prefix.length, 0)] });
  return `${formatAddress(prefix)}/${mask}`;
}

function specPort(ranges: readonly PortRange[]): string | undefined {
  if (areAnyPort(ranges)) return '';
  const [range, second] = ranges;
  return range !== undefined && second === undefined && range.lo === range.hi && range.lo !== 0
    ? String(range.lo)
    : undefined;
}
