/** The text of a packet. */
export const PACKET_TEXT_CODES = {
  XP0601: {
    severity: 'error',
    title: 'not a packet',
    explanation: 'A packet is written PROTOCOL SOURCE -> DESTINATION, as in `tcp 203.0.113.9:40000 -> 131.107.1.1:80`.',
  },
  XP0602: {
    severity: 'error',
    title: 'unknown protocol of a packet',
    explanation: 'A packet has one protocol: tcp, udp, sctp, icmp, icmpv6 or a number from 0 to 255.',
  },
  XP0603: {
    severity: 'error',
    title: 'bad packet address',
    explanation:
      'The ends of a packet are IPv4 or IPv6 addresses, neither names nor prefixes. An IPv6 address with a port stands in brackets.',
  },
  XP0604: {
    severity: 'error',
    title: 'bad packet port',
    explanation: 'A port of a packet is one number from 0 to 65535.',
  },
  XP0605: {
    severity: 'error',
    title: 'packet without a port',
    explanation: 'Both ends of a tcp, udp or sctp packet have a port, unless it is a later fragment.',
  },
  XP0606: {
    severity: 'error',
    title: 'packet that cannot have a port',
    explanation: 'Only tcp, udp and sctp have ports, and a later fragment does not show them.',
  },
  XP0607: {
    severity: 'error',
    title: 'packet between address families',
    explanation: 'Both addresses of a packet are IPv4 or both are IPv6.',
  },
  XP0608: {
    severity: 'error',
    title: 'unknown packet property',
    explanation:
      'Behind the addresses may follow `type N`, `code N`, `hoplimit N`, `established`, `fragment`, `arriving` or `leaving`, and `on INTERFACE`, each once.',
  },
  XP0609: {
    severity: 'error',
    title: 'ICMP type of a packet',
    explanation:
      'An icmp or icmpv6 packet has a type, and a code if it is not 0; other packets and later fragments have neither.',
  },
  XP0610: {
    severity: 'error',
    title: 'packet that cannot be established',
    explanation: 'Only a TCP packet that is not a later fragment can have ACK or RST set.',
  },
} as const;
