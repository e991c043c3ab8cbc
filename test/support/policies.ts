/** Policies built directly, without a reader: for tests of what comes after reading. */

import { present } from '../../src/base/assert.ts';
import { spanOfFile } from '../../src/base/diagnostics.ts';
import type { Address, Prefix } from '../../src/base/ip.ts';
import { fullLength, parseAddress, prefixOf } from '../../src/base/ip.ts';
import { addressText } from '../../src/policy/address-match.ts';
import { emptyPolicy } from '../../src/policy/defaults.ts';
import type {
  Action,
  AddressMatch,
  AddressSet,
  Filter,
  HostAddresses,
  Mirrored,
  Policy,
  PortRange,
  Rule,
  SingleAddress,
} from '../../src/policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../../src/policy/model.ts';
import { PrefixSetBuilder } from '../../src/policy/prefix-set.ts';

const SPAN = spanOfFile('test.yaml');

export interface FilterFields {
  /** `any`, `me`, `local`, `$set`, an address, a prefix, a range, a DNS name, or a list: see addressMatchOf. `any` unless given. */
  readonly from?: string;
  readonly to?: string;
  /** A protocol's name or number. */
  readonly protocol?: string | number;
  /** `80`, `80-90` or several with commas. */
  readonly sport?: string;
  readonly dport?: string;
  /** One type or several. */
  readonly type?: number | readonly number[];
  readonly code?: number;
  readonly established?: boolean;
  /** Later fragments only. */
  readonly fragment?: boolean;
  readonly mirrored?: Mirrored;
}

export interface RuleFields {
  readonly name?: string;
  readonly action: Action;
  readonly filters: readonly Filter[];
  readonly interfaces?: readonly string[];
}

export function filterOf(fields: FilterFields = {}): Filter {
  const { from = 'any', to = 'any', type = [], code, established = false, fragment = false, mirrored = false } = fields;
  const bare: Omit<Filter, 'text'> = {
    source: addressMatchOf(from),
    destination: addressMatchOf(to),
    sourcePorts: portsOf(fields.sport),
    destinationPorts: portsOf(fields.dport),
    protocol: protocolOf(fields.protocol),
    icmp: [type].flat().map((one) => ({ type: one, code })),
    established,
    fragment,
    mirrored,
    span: SPAN,
  };
  return { ...bare, text: filterText(bare) };
}

export function permit(...filters: readonly FilterFields[]): RuleFields {
  return { action: 'permit', filters: filters.map(filterOf) };
}

export function block(...filters: readonly FilterFields[]): RuleFields {
  return { action: 'block', filters: filters.map(filterOf) };
}

/** Rules are called `permit 1`, `block 2`, ... by action and position unless they have a name. */
export function policyOf(rules: readonly RuleFields[], changes: Partial<Policy> = {}): Policy {
  return {
    ...emptyPolicy('test', SPAN),
    exemptions: [],
    rules: rules.map(({ name, action, filters, interfaces }, i): Rule => {
      const called = name ?? `${action} ${i + 1}`;
      return { name: called, action, filterList: { name: called, filters, span: SPAN }, interfaces, span: SPAN };
    }),
    ...changes,
  };
}

/** Members by name, and what is left out of them. */
export function setsOf(
  sets: Readonly<Record<string, readonly string[]>>,
  exclude: Readonly<Record<string, readonly string[]>> = {},
): ReadonlyMap<string, AddressSet> {
  return new Map(
    Object.entries(sets).map(([name, lines]) => {
      const builder = new PrefixSetBuilder();
      for (const line of lines) builder.add(prefixFrom(line));
      return [name, { name, prefixes: builder.build(), exclude: (exclude[name] ?? []).map(singleMatchOf), span: SPAN }];
    }),
  );
}

export function hostOf(
  me: readonly string[] = [],
  names: Readonly<Record<string, readonly string[]>> = {},
  broadcasts: readonly string[] = [],
): HostAddresses {
  const addresses = (texts: readonly string[]): Address[] => texts.map((text) => present(parseAddress(text)));
  return {
    me: addresses(me),
    broadcasts: addresses(broadcasts),
    names: new Map(Object.entries(names).map(([name, all]) => [name, addresses(all)])),
  };
}

/** One line that tells filters apart. */
export function filterText(filter: Omit<Filter, 'text'>): string {
  const { source, destination, sourcePorts, destinationPorts, protocol, icmp, established, fragment, mirrored } =
    filter;
  const arrow = mirrored === 'established' ? '+est' : mirrored ? '+' : '=';
  const service = [
    protocol ?? 'any',
    ...icmp.map(({ type, code }) => `type ${type} code ${code ?? '*'}`),
    ...(established ? ['established'] : []),
    ...(fragment ? ['fragment'] : []),
  ];
  const ends = [endText(source, sourcePorts), arrow, endText(destination, destinationPorts)];
  return [...ends, ...service].join(' ');
}

function endText(match: AddressMatch, ports: readonly PortRange[]): string {
  const ranges = ports.map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(',');
  return `${addressText(match)}:${ranges === '0-65535' ? '*' : ranges}`;
}

/** `10.0.0.1, $set but me`: a list, and what is left out of it. */
function addressMatchOf(text: string): AddressMatch {
  const [members = [], exclude = []] = text.split(' but ').map((part) => part.split(', ').map(singleMatchOf));
  return members.length === 1 && exclude.length === 0 ? present(members[0]) : { kind: 'list', members, exclude };
}

function singleMatchOf(text: string): SingleAddress {
  if (text === 'any' || text === 'me' || text === 'local') return { kind: text };
  if (text.startsWith('$')) return { kind: 'set', name: text.slice(1) };
  const [first, last] = text.split('-').map((end) => parseAddress(end));
  if (first !== undefined && last !== undefined) return { kind: 'range', first, last };
  const isAddress = parseAddress(present(text.split('/')[0])) !== undefined;
  return isAddress ? { kind: 'prefix', prefix: prefixFrom(text) } : { kind: 'name', name: text };
}

export function prefixFrom(text: string): Prefix {
  const [host, length] = text.split('/');
  const address = present(parseAddress(present(host)), `no address: ${text}`);
  return prefixOf(address, length === undefined ? fullLength(address.family) : Number(length));
}

function portsOf(text: string | undefined): readonly PortRange[] {
  if (text === undefined) return [ANY_PORT];
  return text.split(',').map((part) => {
    const [lo, hi] = part.split('-').map(Number);
    return { lo: present(lo), hi: hi ?? present(lo) };
  });
}

function protocolOf(protocol: string | number | undefined): number | undefined {
  if (typeof protocol !== 'string') return protocol;
  return present(new Map<string, number>(Object.entries(PROTOCOLS)).get(protocol), `no protocol: ${protocol}`);
}
