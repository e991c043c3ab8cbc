/** What the parts of one filter ask of each other, whatever syntax it was written in. */

import type { Diagnostics, Span } from '../base/diagnostics.ts';
import type { Family } from '../base/ip.ts';
import { addressText } from '../policy/address-match.ts';
import type { AddressMatch, Filter } from '../policy/model.ts';
import { PROTOCOLS } from '../policy/model.ts';
import { areAnyPort, protocolName } from '../policy/ports.ts';

/** The keys of the mapping form, which name the conditions in every form. */
export const FILTER_KEYS = [
  'source',
  'sourcePort',
  'destination',
  'destinationPort',
  'protocol',
  'icmpType',
  'icmpCode',
  'established',
  'fragment',
  'mirrored',
] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];

export interface FilterContext {
  readonly syntax: 'mapping' | 'filterspec';
  readonly spanOf: (key: FilterKey) => Span;
  /** The family of all addresses of a set; undefined where it has both, or none. */
  readonly familyOfSet: (name: string) => Family | undefined;
}

const PORT_PROTOCOLS: ReadonlySet<number | undefined> = new Set([PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp]);
const ICMP_PROTOCOLS: ReadonlySet<number | undefined> = new Set([PROTOCOLS.icmp, PROTOCOLS.icmpv6]);

/** Reports every contradiction between the conditions of a filter; false where there is one. */
export function checkFilter(filter: Filter, context: FilterContext, diags: Diagnostics): boolean {
  const mark = diags.all.length;
  checkPorts(filter, context, diags);
  checkProtocolConditions(filter, context, diags);
  if (filter.fragment) checkFragment(filter, context, diags);
  checkFamilies(filter, context, diags);
  return !diags.failedSince(mark);
}

function checkPorts(filter: Filter, context: FilterContext, diags: Diagnostics): void {
  if (PORT_PROTOCOLS.has(filter.protocol)) return;
  for (const key of ['sourcePort', 'destinationPort'] as const) {
    if (areAnyPort(key === 'sourcePort' ? filter.sourcePorts : filter.destinationPorts)) continue;
    const found = filter.protocol === undefined ? 'any protocol' : protocolName(filter.protocol);
    const message = `a port needs protocol tcp, udp or sctp, found ${found}`;
    const wanted = context.syntax === 'mapping' ? 'add protocol: tcp' : 'end the filterspec with PORT:TCP';
    diags.report('XP0120', context.spanOf(key), message, filter.protocol === undefined ? wanted : undefined);
  }
}

function checkProtocolConditions(filter: Filter, context: FilterContext, diags: Diagnostics): void {
  if (filter.icmp.length > 0 && !ICMP_PROTOCOLS.has(filter.protocol)) {
    diags.report('XP0121', context.spanOf('icmpType'), 'icmpType needs protocol icmp or icmpv6', 'add protocol: icmp');
  }
  if (filter.protocol === PROTOCOLS.tcp) return;
  if (filter.established) {
    diags.report('XP0123', context.spanOf('established'), 'established needs protocol tcp', 'add protocol: tcp');
  }
  if (filter.mirrored === 'established') {
    const help = 'add protocol: tcp, or write mirrored: true';
    diags.report('XP0124', context.spanOf('mirrored'), 'mirrored: established needs protocol tcp', help);
  }
}

/** A later fragment shows nothing of what these conditions ask. */
function checkFragment(filter: Filter, context: FilterContext, diags: Diagnostics): void {
  const asked: readonly (readonly [FilterKey, boolean, string])[] = [
    ['sourcePort', !areAnyPort(filter.sourcePorts), 'ports'],
    ['destinationPort', !areAnyPort(filter.destinationPorts), 'ports'],
    ['icmpType', filter.icmp.length > 0, 'ICMP type'],
    ['established', filter.established, 'TCP flags'],
    ['mirrored', filter.mirrored === 'established', 'TCP flags'],
  ];
  for (const [key, isAsked, what] of asked) {
    if (!isAsked) continue;
    const message = `${key} and fragment: later: a later fragment has no ${what} to look at`;
    diags.report('XP0127', context.spanOf(key), message, 'make it two filters, one with fragment: later');
  }
}

function checkFamilies(filter: Filter, context: FilterContext, diags: Diagnostics): void {
  const source = familyOf(filter.source, context);
  const destination = familyOf(filter.destination, context);
  if (source !== undefined && destination !== undefined && source !== destination) {
    const message = `the source (${addressText(filter.source)}) is IPv${source} and the destination (${addressText(filter.destination)}) is IPv${destination}`;
    diags.report('XP0205', context.spanOf('destination'), message, 'no packet has both: write one filter a family');
    return;
  }
  const family = source ?? destination;
  const wanted = filter.protocol === PROTOCOLS.icmp ? 4 : filter.protocol === PROTOCOLS.icmpv6 ? 6 : undefined;
  if (family === undefined || wanted === undefined || family === wanted) return;
  const [found, other] = family === 6 ? ['icmp', 'icmpv6'] : ['icmpv6', 'icmp'];
  const message = `${found} with IPv${family} addresses: IPv${family} uses ${other}`;
  if (source === destination) diags.report('XP0125', context.spanOf('protocol'), message, `write ${other}`);
  else diags.report('XP0126', context.spanOf('protocol'), message, `did you mean ${other}?`);
}

function familyOf(match: AddressMatch, context: FilterContext): Family | undefined {
  switch (match.kind) {
    case 'prefix':
      return match.prefix.family;
    case 'range':
      return match.first.family;
    case 'set':
      return context.familyOfSet(match.name);
    case 'list': {
      const [first, ...others] = match.members.map((member) => familyOf(member, context));
      return others.every((family) => family === first) ? first : undefined;
    }
    default:
      return undefined;
  }
}
