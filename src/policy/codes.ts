/**
 * The catalogue of diagnostic codes. Codes are stable: one that is no longer used is never given to
 * something else. docs/diagnostics.md is generated from here.
 *
 * XP00xx text and structure    XP01xx ports and protocols    XP02xx addresses    XP03xx rules and lists
 * XP04xx analysis              XP05xx ipsecpol               XP06xx packet text      XP07xx compiling
 * XP08xx planning charts
 */
import type { Severity } from '../base/diagnostics.ts';
import { CHART_CODES } from './chart-codes.ts';
import { IPSECPOL_CODES } from './ipsecpol-codes.ts';
import { PACKET_CODES } from './packet-codes.ts';

export interface CodeEntry {
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
}

export type CodeCatalogue = Readonly<Record<string, CodeEntry>>;

const error = (title: string, explanation: string): CodeEntry => ({ severity: 'error', title, explanation });
const warning = (title: string, explanation: string): CodeEntry => ({ severity: 'warning', title, explanation });
const note = (title: string, explanation: string): CodeEntry => ({ severity: 'note', title, explanation });

const STRUCTURE_CODES: CodeCatalogue = {
  XP0001: error(
    'Not valid YAML',
    'The text cannot be read as YAML (JSON is YAML too). A filterspec that starts with * must be quoted, or YAML takes it for an alias.',
  ),
  XP0002: error('Key given twice', 'A mapping has the same key twice. YAML would keep one of them silently.'),
  XP0003: error(
    'More than one document',
    'A policy file holds one policy; a line of three dashes starts a second document.',
  ),
  XP0004: error('Nested too deep', 'The text nests deeper, or its aliases expand to more, than any policy needs.'),
  XP0005: error(
    'Unknown key',
    'The mapping has a key that means nothing there. Unknown keys are refused, because a misspelt one would change what the policy means.',
  ),
  XP0006: error('Wrong type', 'A value has another type than its key takes, such as a number where text belongs.'),
  XP0007: error('Missing key', 'A mapping lacks a key that it needs.'),
  XP0008: error('Unknown word', 'The value is not one of the few words that its key takes.'),
  XP0009: error('Empty list', 'The list needs at least one item. What is left out is any.'),
  XP0010: error(
    'Unusable name',
    'A name is empty, too long, has white space at an end, or has a line break or control character in it.',
  ),
  XP0011: error('No policy', 'The file is empty, or has nothing but comments.'),
  XP0012: error(
    'Cannot be formatted',
    'Formatting would lose a comment or change what the file says. Formatted text is verified before it is handed out, and this one failed; the file is left as it is.',
  ),
};

const PROTOCOL_CODES: CodeCatalogue = {
  XP0110: error('Not a port', 'A port is a number from 1 to 65535, a range such as 8000-8080, a list of both, or any.'),
  XP0111: error('Port out of range', 'Ports end at 65535.'),
  XP0112: error('Empty port range', 'The first port of a range is above the last one, so the range has no port.'),
  XP0113: error(
    'Port 0',
    'No packet is sent to port 0. In filterspecs 0 means any port; in a mapping write any, or leave the key out.',
  ),
  XP0114: error(
    'Unknown protocol',
    'A protocol is any, tcp, udp, icmp, icmpv6, sctp or a number from 0 to 255. In filterspecs the names are in upper case.',
  ),
  XP0115: error('Protocol out of range', 'IP protocol numbers end at 255.'),
  XP0116: error('ICMP type or code out of range', 'ICMP types and codes are numbers from 0 to 255.'),
  XP0120: error(
    'Port without a protocol that has ports',
    'Only tcp, udp and sctp have ports, so a filter with a port names one of them.',
  ),
  XP0121: error('ICMP type without ICMP', 'icmpType and icmpCode need protocol icmp or icmpv6.'),
  XP0122: error('ICMP code without a type', 'What an ICMP code means depends on the type; give icmpType too.'),
  XP0123: error('Established without TCP', 'established asks for TCP flags (ACK or RST), so it needs protocol tcp.'),
  XP0124: error(
    'Mirrored established without TCP',
    'mirrored: established asks the way back for TCP flags, so the filter needs protocol tcp.',
  ),
  XP0125: error(
    'ICMP of the wrong family',
    'icmp between IPv6 addresses, or icmpv6 between IPv4 addresses: IPv4 uses icmp, IPv6 uses icmpv6.',
  ),
  XP0126: warning(
    'ICMP of the wrong family, probably',
    'One address fixes the family, and the protocol is the ICMP of the other family. Hardly any packet matches.',
  ),
};

const ADDRESS_CODES: CodeCatalogue = {
  XP0201: error(
    'Not an address',
    'An address is any, me, an IPv4 or IPv6 address, a prefix (10.0.0.0/8, 10.0.0.0/255.0.0.0, 10.*.*.*), a DNS name or $set.',
  ),
  XP0202: error(
    'Mask not contiguous',
    'A mask is ones followed by zeros. An inverse mask, as routers write it, is not one.',
  ),
  XP0203: error(
    'Bad prefix length',
    'A prefix length is a number up to 32 (IPv4) or 128 (IPv6); an IPv4 mask has four numbers.',
  ),
  XP0204: error(
    'Host bits set',
    'The address has bits set after its prefix length. It could be meant as the network or as the host, so one of them must be written.',
  ),
  XP0205: error(
    'Address families mixed',
    'The source is IPv4 and the destination IPv6, or the other way round. No packet has both.',
  ),
  XP0206: error('Unknown address set', 'A filter names an address set that the policy does not have.'),
  XP0207: warning('Unused address set', 'No filter names the set.'),
  XP0208: error(
    'Address-set file cannot be read',
    'The file of an address set is missing, cannot be read or is not UTF-8 text. Its path is relative to the policy file.',
  ),
  XP0209: error(
    'More errors in an address-set file',
    'The first errors of the file are shown one by one, the rest are counted.',
  ),
  XP0210: error(
    'Not an address or prefix',
    'An address set holds addresses and prefixes only: no any, no me, no names, no other sets.',
  ),
  XP0211: warning('Empty address set', 'A filter that names an empty set matches no packet.'),
  XP0212: error(
    'Unusable set name',
    'The name of an address set has letters, digits, dots, dashes and underscores, so that $name can be read back.',
  ),
  XP0213: error('0 as an address', "0 means the host's own addresses in filterspecs only; in a mapping write me."),
  XP0214: warning(
    'Set name read as a DNS name',
    "The address is the name of one of the policy's sets, but without the $ it is a DNS name.",
  ),
  XP0220: error(
    'Name without an address',
    'A DNS name of the policy has no A or AAAA answer, or could not be asked for. A filter that matches nothing would not be noticed, so the policy is refused.',
  ),
  XP0221: warning(
    'me has no address',
    "The host's filtered interfaces have no address, so the filters that name me match nothing. Where no interface is involved, --me ADDRESS says what me is.",
  ),
};

const RULE_CODES: CodeCatalogue = {
  XP0301: error(
    'Rule name used twice',
    'Packets are counted by rule name, so names are unique. A rule without a name has the name of its filter list.',
  ),
  XP0302: error('Unknown filter list', 'A rule names a filter list that the policy does not have.'),
  XP0303: warning('Empty filter list', 'The list has no filter, so its rule matches no packet.'),
  XP0304: warning('Unused filter list', 'No rule names the list, so its filters decide nothing.'),
  XP0305: error(
    'Action that negotiates security',
    'The original could negotiate security for a connection (INPASS and its negotiating actions). Here packets pass or are blocked.',
  ),
  XP0306: warning('No rules', 'Without rules the default decides every packet.'),
  XP0307: error(
    'Not one filter list',
    'A rule has either filterList, the name of a list, or filters, a list of its own.',
  ),
  XP0308: error('Rule without a name', 'A rule with filters of its own has no list to be named after.'),
  XP0309: error(
    'Not an interface name',
    'Interface names have 1 to 15 characters, without white space, slash or colon.',
  ),
  XP0310: warning(
    'The kerberos exemption',
    'The exemption passes every TCP and UDP packet from or to port 88: anyone who sends from port 88 reaches every port.',
  ),
  XP0311: note(
    'Neighbour discovery not exempt',
    'A list of exemptions replaces the default one. Without neighbour discovery IPv6 hosts cannot find each other unless rules permit ICMPv6 133-137.',
  ),
  XP0312: error(
    'Role file cannot be read',
    'The role file of an include is missing, cannot be read or is not UTF-8 text. Its path is relative to the file that includes it.',
  ),
  XP0313: error(
    'Roles without end',
    'A role includes itself, directly or through others, or the roles include too many others.',
  ),
  XP0314: error(
    'Unknown parameter',
    'A value is given for a parameter that the role does not have, or the role uses one that it does not declare.',
  ),
  XP0315: error('Parameter without a value', 'A parameter of a role has no default, so the include says its value.'),
  XP0316: error(
    'Filter list given twice',
    'Two roles, or a role and the policy, have a filter list of the same name. A parameter in the name tells the lists of a role that is included twice apart.',
  ),
  XP0317: error(
    'List inside text',
    'A parameter whose value is a list can only be a value of its own, not a part of a longer text.',
  ),
};

const ANALYSIS_CODES: CodeCatalogue = {
  XP0401: error(
    'Same packets, different actions',
    'Two filters match exactly the same packets on the same interfaces, one to permit them and one to block them. Nothing about either is more specific, so one of them is a mistake.',
  ),
  XP0402: warning(
    'Same packets twice',
    'Two filters match exactly the same packets on the same interfaces and agree on them. The rule listed first counts the packets; the other filter does nothing.',
  ),
  XP0403: warning(
    'Filters cross',
    'Two filters of different actions match some packets both, and neither is within the other. The order of specificity decides, by the key that the message names, and that may not be what was meant. A filter for just the packets that both match comes before both and settles it. Packets from a host to itself are left out.',
  ),
  XP0404: warning(
    'Filter that never decides',
    'Whatever packet the filter matches, another filter or an exemption comes first. Or it matches no packet at all, because its ends have no address family in common.',
  ),
  XP0405: warning(
    'Mirror that lets connections in',
    'The mirror half of the permit matches packets from one remote port to every local port, and the sender chooses its source port. With mirrored: established the mirror half matches answers only (TCP with ACK or RST). UDP and SCTP have no such flag: name the remote hosts, or the local ports.',
  ),
  XP0406: warning(
    'Nothing is blocked',
    'The default permits and no rule blocks, so every packet passes. Write default: block, or add a rule that blocks.',
  ),
};

const FILTERSPEC_CODES: CodeCatalogue = {
  XP0501: warning(
    'Host bits masked',
    'In a filterspec an address with bits outside its mask stands for the network, as in the original.',
  ),
  XP0502: error(
    'Not a filterspec',
    'A filterspec has a source and a destination with = (one way) or + (mirrored) between them: *+131.107.1.1:80:TCP.',
  ),
  XP0503: error(
    'Bracket not closed',
    '(spec) passes, [spec] blocks, and IPv6 addresses stand in brackets; one of them is not closed.',
  ),
  XP0504: error('Text after the protocol', 'The protocol ends a filterspec.'),
  XP0506: error('Protocol at the source', 'A filterspec names its protocol once, after the destination.'),
  XP0507: error(
    'IPv6 address without brackets',
    'In a filterspec colons separate address, port and protocol, so IPv6 addresses stand in brackets: *+[2001:db8::1]:80:TCP.',
  ),
  XP0508: error('Address missing', "An end of the filterspec is empty. * is any address, 0 the host's own."),
  XP0509: error(
    'Action in a filterspec of a policy file',
    "(spec) and [spec] carry an action, which in a policy file is the rule's to say.",
  ),
  XP0510: error(
    'Port range in a filterspec',
    'A filterspec takes one port at each end. The mapping form takes ranges and lists.',
  ),
  XP0511: error('any or me in a filterspec', 'Words are DNS names in filterspecs: any is written *, me is written 0.'),
  XP0512: error('Address set in a filterspec', 'Address sets can be named in the mapping form only.'),
  XP0513: error('Several filterspecs in one item', 'In a policy file each filterspec is an item of its list.'),
  XP0520: error(
    'No ipsecpol command for it',
    'ipsecpol commands know permits and blocks with one address, mask and port at each end, mirrored or not. What else a policy says has no words there.',
  ),
};

const COMPILER_CODES: CodeCatalogue = {
  XP0701: error(
    'Policy too large',
    'The tables of the policy would be larger than the kernel program has room for. Filters that treat addresses alike need less room with one address set.',
  ),
};

export const CODES: CodeCatalogue = {
  ...STRUCTURE_CODES,
  ...PROTOCOL_CODES,
  ...ADDRESS_CODES,
  ...RULE_CODES,
  ...ANALYSIS_CODES,
  ...FILTERSPEC_CODES,
  ...IPSECPOL_CODES,
  ...PACKET_CODES,
  ...COMPILER_CODES,
  ...CHART_CODES,
};
