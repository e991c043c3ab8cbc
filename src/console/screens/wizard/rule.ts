/** A rule as the wizard asks for it: what is typed, and the filter it makes. */
import type { FilterKeys } from '../../../formats/yaml/keyed-rule.ts';
import type { Action } from '../../../policy/model.ts';

export type AddressKind = 'any' | 'me' | 'local' | 'address' | 'set' | 'name';
export type ProtocolName = 'any' | 'tcp' | 'udp' | 'icmp' | 'icmpv6' | 'sctp' | 'number';
export type MirrorChoice = 'no' | 'established' | 'yes';

export interface TypedAddress {
  readonly kind: AddressKind;
  /** Addresses, the set's name or the DNS name. */
  readonly text: string;
}

export interface TypedFilter {
  readonly source: TypedAddress;
  readonly destination: TypedAddress;
  readonly protocol: ProtocolName;
  /** Where the protocol is a number. */
  readonly protocolNumber: string;
  /** As typed: 443, 8000-8080, https; several apart by commas. Empty for any. */
  readonly sourcePort: string;
  readonly destinationPort: string;
  readonly icmpType: string;
  readonly mirror: MirrorChoice;
}

export interface TypedRule {
  readonly name: string;
  readonly action: Action;
  /** Names apart by spaces; empty for every interface. */
  readonly interfaces: string;
}

export const NEW_RULE: TypedRule = { name: '', action: 'permit', interfaces: '' };

export const NEW_FILTER: TypedFilter = {
  source: { kind: 'any', text: '' },
  destination: { kind: 'me', text: '' },
  protocol: 'tcp',
  protocolNumber: '',
  sourcePort: '',
  destinationPort: '',
  icmpType: '',
  mirror: 'established',
};

export function hasPorts({ protocol }: TypedFilter): boolean {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
}

export function hasIcmpType({ protocol }: TypedFilter): boolean {
  return protocol === 'icmp' || protocol === 'icmpv6';
}

function listOf(text: string): readonly string[] {
  return text.split(/[\s,]+/u).filter((part) => part !== '');
}

function addressOf({ kind, text }: TypedAddress): string | readonly string[] {
  if (kind === 'any' || kind === 'me' || kind === 'local') return kind;
  if (kind === 'set') return `$${text.trim().replace(/^\$/u, '')}`;
  const parts = listOf(text);
  return parts.length === 1 ? (parts[0] ?? '') : parts;
}

function portsOf(text: string): number | string | readonly (number | string)[] {
  const parts = listOf(text).map((part) => (/^\d+$/u.test(part) ? Number(part) : part));
  return parts.length === 1 ? (parts[0] ?? '') : parts;
}

/** `established` is a matter of TCP alone. */
export function mirrorOf({ mirror, protocol }: TypedFilter): MirrorChoice {
  return mirror === 'established' && protocol !== 'tcp' ? 'no' : mirror;
}

const MIRRORED = { no: {}, established: { mirrored: 'established' }, yes: { mirrored: true } } as const;

export function filterOf(typed: TypedFilter): FilterKeys {
  const { source, destination, protocol, protocolNumber, sourcePort, destinationPort, icmpType } = typed;
  return {
    source: addressOf(source),
    ...(hasPorts(typed) && sourcePort.trim() !== '' ? { sourcePort: portsOf(sourcePort) } : {}),
    destination: addressOf(destination),
    ...(protocol === 'any' ? {} : { protocol: protocol === 'number' ? Number(protocolNumber) : protocol }),
    ...(hasPorts(typed) && destinationPort.trim() !== '' ? { destinationPort: portsOf(destinationPort) } : {}),
    ...(hasIcmpType(typed) && icmpType.trim() !== '' ? { icmpType: Number(icmpType) } : {}),
    ...MIRRORED[mirrorOf(typed)],
  };
}

function saidAddress({ kind, text }: TypedAddress): string {
  if (kind === 'any') return 'any address';
  if (kind === 'me') return 'this host';
  if (kind === 'local') return 'this host, broadcast and multicast included';
  return kind === 'set' ? `an address of the set ${text}` : text;
}

function saidPort(text: string): string {
  return text.trim() === '' ? '' : `, port ${text.trim()},`;
}

function saidProtocol({ protocol, protocolNumber }: TypedFilter): string {
  if (protocol === 'any') return 'packets of every protocol';
  return protocol === 'number' ? `packets of protocol ${protocolNumber}` : `${protocol.toUpperCase()} packets`;
}

/** What the filter matches, its mirror left out. */
export function sayFilter(typed: TypedFilter): string {
  const [from, to] = [saidAddress(typed.source), saidAddress(typed.destination)];
  const ports = hasPorts(typed) ? [saidPort(typed.sourcePort), saidPort(typed.destinationPort)] : ['', ''];
  return `${saidProtocol(typed)} from ${from}${ports[0]} to ${to}${ports[1]}`.replace(/,$/u, '');
}

/** What each choice of a mirror does to the way back. */
export function sayMirror(choice: MirrorChoice, typed: TypedFilter, action: Action): string {
  const [from, to] = [saidAddress(typed.destination), saidAddress(typed.source)];
  if (choice === 'no') return `One way only. Packets from ${from} to ${to} are left to other filters.`;
  const verb = action === 'permit' ? 'pass' : 'are dropped';
  if (choice === 'established') {
    return `TCP packets back ${verb} where they belong to a connection that is under way. None of them can open one.`;
  }
  const port = hasPorts(typed) ? saidPort(typed.destinationPort).replaceAll(',', '') : '';
  const opens = action === 'permit' ? ' Whoever sends them may open connections too.' : '';
  return `All packets back ${verb}: from ${from}${port} to ${to}.${opens}`;
}
