/**
 * What a policy is once it has been read: names still symbolic, addresses not yet resolved.
 * Action is what a policy says, Verdict is what happens to a packet.
 */
import type { DiagnosticCode } from '../base/codes/catalogue.ts';
import type { Span } from '../base/diagnostics.ts';
import type { Address, Prefix } from '../base/ip.ts';
import type { LiveMembers, LiveSet } from './live-sets.ts';
import type { PrefixSet } from './prefix-set.ts';

export type Action = 'permit' | 'block';
export type Verdict = 'pass' | 'drop';

export function verdictOf(action: Action): Verdict {
  return action === 'permit' ? 'pass' : 'drop';
}

/** Of a mirrored filter both, of another the first alone. */
export type Half = 'forward' | 'mirror';

/** In the order in which they are asked. */
export const EXEMPTIONS = [
  'neighbor-discovery',
  'multicast-listener',
  'path-mtu',
  'dhcp',
  'broadcast',
  'multicast',
  'rsvp',
  'ike',
  'kerberos',
] as const;
export type Exemption = (typeof EXEMPTIONS)[number];

/** What the parser could not read; `fragment` is counted besides and never decides. */
export type ParseReason = 'non_ip' | 'malformed' | 'vlan_depth' | 'ext_headers';

/**
 * Packets that can be read and are dropped before any exemption or filter is asked. Source-routed: an IPv4 packet with a
 * source route (RFC 791), or an IPv6 packet with a routing header that has segments left (RFC 8200).
 */
export const DROPS = ['source-routed'] as const;
export type Drop = (typeof DROPS)[number];

/** What a drop is counted as, beside what cannot be parsed. */
export type DropReason = 'source_routed';
export const DROP_REASONS: Readonly<Record<Drop, DropReason>> = { 'source-routed': 'source_routed' };

/** IP protocol numbers that have more than a number: ports, or a type and a code. */
export const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

/** Both ends included, 0..65535. */
export interface PortRange {
  readonly lo: number;
  readonly hi: number;
}
export const ANY_PORT: PortRange = { lo: 0, hi: 65535 };

export type SingleAddress =
  | { readonly kind: 'any' }
  /** Every address of the host's filtered interfaces, known only when resolved. */
  | { readonly kind: 'me' }
  /** `me` and everything else that reaches this host's sockets: see local.ts. */
  | { readonly kind: 'local' }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  /** A DNS name: all its A and AAAA answers, known only when resolved. */
  | { readonly kind: 'name'; readonly name: string }
  /** From the first to the last, both included, as the fewest prefixes. */
  | { readonly kind: 'range'; readonly first: Address; readonly last: Address }
  /** An address set of the policy. */
  | { readonly kind: 'set'; readonly name: string };

/** Each member counts as it would alone; what is excluded is taken out of all of them. */
export interface AddressList {
  readonly kind: 'list';
  readonly members: readonly SingleAddress[];
  readonly exclude: readonly SingleAddress[];
}

export type AddressMatch = SingleAddress | AddressList;

export interface IcmpMatch {
  readonly type: number;
  /** undefined: any code. */
  readonly code: number | undefined;
}

/** `true`: the mirror half matches every packet; `established`: only TCP with ACK or RST. */
export type Mirrored = boolean | 'established';

/** A filter as written. One filter stands for one or two directions and for every pair of its addresses and port ranges. */
export interface Filter {
  readonly source: AddressMatch;
  readonly destination: AddressMatch;
  /** Sorted, disjoint, not adjacent, at least one; `[ANY_PORT]` for any. */
  readonly sourcePorts: readonly PortRange[];
  readonly destinationPorts: readonly PortRange[];
  /** undefined: any protocol. */
  readonly protocol: number | undefined;
  /** Any of these; none: any type. Only with protocol icmp or icmpv6. */
  readonly icmp: readonly IcmpMatch[];
  /** Only with protocol tcp. */
  readonly established: boolean;
  /** Only later fragments, whose ports, ICMP type and flags nobody can see: excludes conditions on those. */
  readonly fragment: boolean;
  readonly mirrored: Mirrored;
  /** As the user wrote it, on one line. */
  readonly text: string;
  readonly span: Span;
}

export interface FilterList {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly span: Span;
}

export interface Rule {
  readonly name: string;
  /** The named list, or the rule's own anonymous one (named like the rule). */
  readonly filterList: FilterList;
  readonly action: Action;
  /** undefined: every interface the policy is applied to. */
  readonly interfaces: readonly string[] | undefined;
  readonly span: Span;
}

export interface AddressSet {
  readonly name: string;
  readonly prefixes: PrefixSet;
  /** Taken out of the prefixes; what is left of one counts with its length. Prefixes, ranges, `me` and `local`. */
  readonly exclude: readonly SingleAddress[];
  /** Where its members change while the policy is in force; it has no prefixes then. */
  readonly live?: LiveSet | undefined;
  readonly span: Span;
}

/** A warning that the policy's author knows of. */
export interface AcceptedWarning {
  readonly code: DiagnosticCode;
  /** undefined: of every rule. */
  readonly rule: string | undefined;
  readonly because: string;
  readonly span: Span;
}

/** `in` arrives at the host, `out` leaves it. */
export type PacketDirection = 'in' | 'out';

/** A packet and what must become of it, or the policy is not put in force. */
export interface PolicyTest {
  /** As written; `me` stands for each of the host's addresses. */
  readonly packet: string;
  readonly expect: Verdict;
  /** The rule that must decide; undefined: any, or none. */
  readonly rule: string | undefined;
  readonly interface: string | undefined;
  readonly direction: PacketDirection | undefined;
  readonly span: Span;
}

export interface Policy {
  readonly name: string;
  readonly description: string;
  readonly default: Action;
  /** Drop what cannot be parsed. */
  readonly strict: boolean;
  readonly drop: readonly Drop[];
  readonly exemptions: readonly Exemption[];
  readonly addressSets: ReadonlyMap<string, AddressSet>;
  readonly filterLists: ReadonlyMap<string, FilterList>;
  readonly rules: readonly Rule[];
  readonly accept: readonly AcceptedWarning[];
  readonly tests: readonly PolicyTest[];
  readonly span: Span;
}

/** What only the host knows, gathered before a policy is compiled or classified. */
export interface HostAddresses {
  readonly me: readonly Address[];
  /** The IPv4 subnet broadcasts of the filtered interfaces. */
  readonly broadcasts: readonly Address[];
  /** Answers for every DNS name the policy uses. */
  readonly names: ReadonlyMap<string, readonly Address[]>;
  /** The members of live sets; the compiler does without them. undefined: there are none. */
  readonly members?: LiveMembers | undefined;
}
