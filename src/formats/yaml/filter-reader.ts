/** One filter of a policy file: a mapping, or a filterspec as text. */

import type { Diagnostics, Span } from '../../base/diagnostics.ts';
import type { Family } from '../../base/ip.ts';
import { ANY_PACKET } from '../../policy/defaults.ts';
import type { AddressMatch, AddressSet, Filter, IcmpMatch, Mirrored, PortRange } from '../../policy/model.ts';
import { ANY_PORT } from '../../policy/model.ts';
import { mergeRanges } from '../../policy/ports.ts';
import type { FilterKey } from '../filter-check.ts';
import { checkFilter } from '../filter-check.ts';
import { parseFilterSpec } from '../filterspec.ts';
import type { ProtocolMatch } from '../port-text.ts';
import { parsePortRange, parseProtocol } from '../port-text.ts';
import type { Token } from '../token.ts';
import type { AddressScope } from './address-reader.ts';
import { readAddress } from './address-reader.ts';
import { flowText, itemsOf, nodeOf, textNode, wordNode } from './map-reader.ts';
import type { ServiceScope } from './service-scope.ts';
import { looksLikeService } from './service-scope.ts';
import type { MapNode, SourceNode } from './source-tree.ts';

/** What a filter may refer to, and where it notes what it did. */
export interface FilterScope extends AddressScope {
  readonly services: ServiceScope;
  /** Told the line of each filter before it is read. */
  readonly onFilter?: ((line: number) => void) | undefined;
}

/** Reads one filter, or reports why not. Undefined also where its structure was reported before. */
export function readFilter(node: SourceNode, scope: FilterScope): Filter | undefined {
  if (node.kind === 'map') return readMapping(node, scope);
  const text = textNode(node);
  return text === undefined ? undefined : readSpec(text.token, scope.diags);
}

function readSpec(token: Token, diags: Diagnostics): Filter | undefined {
  const { filters } = parseFilterSpec(token, diags);
  const [first, second] = filters;
  if (second !== undefined) {
    return diags.report('XP0513', second.filter.span, 'a second filterspec', 'make each an item of the list');
  }
  if (first?.action !== undefined) {
    const help = `write "${first.filter.text}" in a rule with action: ${first.action}`;
    return diags.report('XP0509', token.span, 'a filterspec has no action in a policy file', help);
  }
  return first?.filter;
}

const ANY: AddressMatch = ANY_PACKET.source;

/** Each part is undefined where it is broken; what is not written is any. */
function readMapping(map: MapNode, scope: FilterScope): Filter | undefined {
  const { diags } = scope;
  const part = <T>(key: FilterKey, absent: T, read: (node: SourceNode) => T | undefined): T | undefined => {
    const node = nodeOf(map, key);
    return node === undefined ? absent : read(node);
  };
  const address = (node: SourceNode): AddressMatch | undefined => readAddress(node, scope);
  const source = part('source', ANY, address);
  const destination = part('destination', ANY, address);
  const protocol = part<ProtocolMatch>('protocol', { number: undefined }, (node) => readProtocol(node, diags));
  const ports = (node: SourceNode): readonly PortRange[] | undefined => readPorts(node, protocol?.number, scope);
  const sourcePorts = part('sourcePort', [ANY_PORT], ports);
  const destinationPorts = part('destinationPort', [ANY_PORT], ports);
  const icmp = readIcmp(map, diags);
  const established = part('established', false, readBoolean);
  const fragment = part('fragment', false, readFragment);
  const mirrored = part<Mirrored>('mirrored', false, readMirrored);
  if (source === undefined || destination === undefined) return undefined;
  if (sourcePorts === undefined || destinationPorts === undefined || protocol === undefined) return undefined;
  if (icmp === undefined || established === undefined || fragment === undefined) return undefined;
  if (mirrored === undefined) return undefined;
  const filter: Filter = {
    source,
    destination,
    sourcePorts,
    destinationPorts,
    protocol: protocol.number,
    icmp,
    established,
    fragment,
    mirrored,
    text: flowText(map),
    span: map.span,
  };
  const spanOf = (key: FilterKey): Span => nodeOf(map, key)?.span ?? map.span;
  const familyOfSet = (name: string): Family | undefined => familyOf(scope.sets.get(name));
  return checkFilter(filter, { syntax: 'mapping', spanOf, familyOfSet }, diags) ? filter : undefined;
}

function familyOf(set: AddressSet | undefined): Family | undefined {
  if (set === undefined) return undefined;
  const { v4, v6 } = set.prefixes;
  if (v4.count > 0) return v6.count > 0 ? undefined : 4;
  return v6.count > 0 ? 6 : undefined;
}

function readPorts(
  node: SourceNode,
  protocol: number | undefined,
  scope: FilterScope,
): readonly PortRange[] | undefined {
  if (node.kind !== 'list') {
    const range = readPort(node, protocol, scope);
    return range === undefined ? undefined : [range];
  }
  const ranges = itemsOf(node).map((item) => readPort(item, protocol, scope));
  const known = ranges.filter((range) => range !== undefined);
  return known.length < ranges.length || known.length === 0 ? undefined : mergeRanges(known);
}

function readPort(
  node: SourceNode,
  protocol: number | undefined,
  { diags, services }: FilterScope,
): PortRange | undefined {
  const token = wordNode(node)?.token;
  if (token === undefined) return undefined;
  if (token.text.includes(',')) {
    const help = `write a list: [${token.text}]`;
    return diags.report('XP0110', token.span, `"${token.text}" is not one port`, help);
  }
  const isNumeric = token.text === 'any' || !looksLikeService(token.text);
  return isNumeric ? parsePortRange(token, diags) : services.port(token, protocol, diags);
}

function readProtocol(node: SourceNode, diags: Diagnostics): ProtocolMatch | undefined {
  return node.kind === 'scalar' ? parseProtocol(node.token, diags) : undefined;
}

/** Every type with the code, in the order of the types; none for any. */
function readIcmp(map: MapNode, diags: Diagnostics): readonly IcmpMatch[] | undefined {
  const typeNode = nodeOf(map, 'icmpType');
  const codeNode = nodeOf(map, 'icmpCode');
  const items = typeNode?.kind === 'list' ? typeNode.items : typeNode === undefined ? [] : [typeNode];
  const types = items.map((item) => readByte(item, 'ICMP type', diags));
  const code = readByte(codeNode, 'ICMP code', diags);
  if (codeNode !== undefined && typeNode === undefined) {
    return diags.report('XP0122', codeNode.span, 'icmpCode needs icmpType', 'a code means nothing without its type');
  }
  const known = types.filter((type) => type !== undefined);
  if (known.length < types.length || (typeNode !== undefined && types.length === 0)) return undefined;
  if (codeNode !== undefined && code === undefined) return undefined;
  return [...new Set(known)].sort((a, b) => a - b).map((type) => ({ type, code }));
}

function readByte(node: SourceNode | undefined, what: string, diags: Diagnostics): number | undefined {
  if (node?.kind !== 'scalar' || typeof node.value !== 'number' || !Number.isInteger(node.value)) return undefined;
  if (node.value >= 0 && node.value <= 255) return node.value;
  return diags.report('XP0116', node.span, `${what} ${node.value} is not in 0-255`);
}

function readBoolean(node: SourceNode): boolean | undefined {
  return node.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : undefined;
}

/** `later` is the only word: who means every fragment has to say so with two filters. */
function readFragment(node: SourceNode): boolean | undefined {
  return node.kind === 'scalar' && node.value === 'later' ? true : undefined;
}

function readMirrored(node: SourceNode): Mirrored | undefined {
  if (node.kind === 'scalar' && node.value === 'established') return 'established';
  return readBoolean(node);
}
