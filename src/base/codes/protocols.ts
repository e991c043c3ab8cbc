/** Ports and protocols. */
export const PROTOCOL_CODES = {
  XP0110: {
    severity: 'error',
    title: 'Not a port',
    explanation:
      'A port is a number from 1 to 65535, a range such as 8000-8080, the name of a service such as https, a list of these, or any.',
  },
  XP0111: {
    severity: 'error',
    title: 'Port out of range',
    explanation: 'Ports end at 65535.',
  },
  XP0112: {
    severity: 'error',
    title: 'Empty port range',
    explanation: 'The first port of a range is above the last one, so the range has no port.',
  },
  XP0113: {
    severity: 'error',
    title: 'Port 0',
    explanation:
      'In filterspecs 0 means any port, so 0 by itself is refused in a mapping: write any, or leave the key out. A range may begin at 0 (0-1023), and 0-0 is port zero itself.',
  },
  XP0114: {
    severity: 'error',
    title: 'Unknown protocol',
    explanation:
      'A protocol is any, tcp, udp, icmp, icmpv6, sctp or a number from 0 to 255. In filterspecs the names are in upper case.',
  },
  XP0115: {
    severity: 'error',
    title: 'Protocol out of range',
    explanation: 'IP protocol numbers end at 255.',
  },
  XP0116: {
    severity: 'error',
    title: 'ICMP type or code out of range',
    explanation: 'ICMP types and codes are numbers from 0 to 255.',
  },
  XP0118: {
    severity: 'error',
    title: 'Service without a port',
    explanation:
      'A service has a port for each of its protocols, so the filter names one of them. Names are looked up in /etc/services when a policy is read; a stored policy keeps the answers.',
  },
  XP0120: {
    severity: 'error',
    title: 'Port without a protocol that has ports',
    explanation: 'Only tcp, udp and sctp have ports, so a filter with a port names one of them.',
  },
  XP0121: {
    severity: 'error',
    title: 'ICMP type without ICMP',
    explanation: 'icmpType and icmpCode need protocol icmp or icmpv6.',
  },
  XP0122: {
    severity: 'error',
    title: 'ICMP code without a type',
    explanation: 'What an ICMP code means depends on the type; give icmpType too.',
  },
  XP0123: {
    severity: 'error',
    title: 'Established without TCP',
    explanation: 'established asks for TCP flags (ACK or RST), so it needs protocol tcp.',
  },
  XP0124: {
    severity: 'error',
    title: 'Mirrored established without TCP',
    explanation: 'mirrored: established asks the way back for TCP flags, so the filter needs protocol tcp.',
  },
  XP0125: {
    severity: 'error',
    title: 'ICMP of the wrong family',
    explanation: 'icmp between IPv6 addresses, or icmpv6 between IPv4 addresses: IPv4 uses icmp, IPv6 uses icmpv6.',
  },
  XP0126: {
    severity: 'warning',
    title: 'ICMP of the wrong family, probably',
    explanation:
      'One address fixes the family, and the protocol is the ICMP of the other family. Hardly any packet matches.',
  },
  XP0127: {
    severity: 'error',
    title: 'Condition that a later fragment cannot meet',
    explanation:
      'fragment: later matches fragments other than the first, which have no ports, ICMP type or TCP flags. A filter with such a condition would match nothing.',
  },
} as const;
