/** What the analysis finds about filters among each other. */
export const ANALYSIS_CODES = {
  XP0401: {
    severity: 'error',
    title: 'Same packets, different actions',
    explanation:
      'Two filters match exactly the same packets on the same interfaces, one to permit them and one to block them. Nothing about either is more specific, so one of them is a mistake.',
  },
  XP0402: {
    severity: 'warning',
    title: 'Same packets twice',
    explanation:
      'Two filters match exactly the same packets on the same interfaces and agree on them. The rule listed first counts the packets; the other filter does nothing.',
  },
  XP0403: {
    severity: 'warning',
    title: 'Filters cross',
    explanation:
      'Two filters of different actions match some packets both, and neither is within the other. The order of specificity decides, by the key that the message names, and that may not be what was meant. A filter for just the packets that both match comes before both and settles it; check offers one, ready to paste. A block list with destination any loses to every permit of a port of the host, because the host is a longer prefix than any and the list: to block a list everywhere, write destination: me. Packets from a host to itself are left out.',
  },
  XP0404: {
    severity: 'warning',
    title: 'Filter that never decides',
    explanation:
      'Whatever packet the filter matches, another filter or an exemption comes first. Or it matches no packet at all, because its ends have no address family in common.',
  },
  XP0405: {
    severity: 'warning',
    title: 'Mirror that lets connections in',
    explanation:
      'The mirror half of the permit lets new connections in from a network or from everywhere, to local ports that nobody named: all ports of all protocols, all ports of one protocol, or all ports for whoever sends from one remote port, and the sender chooses its source port. The message shows a packet that passes, and what would drop it without the mirror half. With mirrored: established the mirror half lets in answers only (TCP with ACK or RST). UDP and SCTP have no such flag: name the remote hosts, or the local ports.',
  },
  XP0406: {
    severity: 'warning',
    title: 'Nothing is blocked',
    explanation:
      'The default permits and no rule blocks, so every packet passes. Write default: block, or add a rule that blocks.',
  },
  XP0407: {
    severity: 'note',
    title: 'Mirror that lets named hosts in',
    explanation:
      'As XP0405, but only single hosts that the filter names can send through the mirror half. These hosts, and whoever forges their address, reach every local port from the remote port that the filter names.',
  },
  XP0408: {
    severity: 'warning',
    title: 'Narrower filter that loses',
    explanation:
      'Every packet of the filter, as it is written, is one of another filter with the other action, and yet the other decides some of them. The order of specificity compares one direction, one prefix and one port range of each: a list of ports counts with the range that the packet falls into, a set with the member, a mirrored filter by halves, and fewer interfaces do not count more than many. The message shows a packet and the key.',
  },
  XP0409: {
    severity: 'warning',
    title: 'Accepted warning that nothing gives',
    explanation:
      'The policy accepts a warning that neither the reader nor the analysis gives. Remove the entry, so that the warning is seen when it comes again. Errors cannot be accepted. Codes that depend on the host (XP0410 to XP0412, XP0414, XP0415) may be accepted for hosts elsewhere, and draw no warning.',
  },
  XP0410: {
    severity: 'warning',
    title: 'Essential traffic is dropped',
    explanation:
      'The policy drops traffic that the host fails late and far from the cause without: IPv6 neighbour discovery, multicast listener discovery, or the ICMP errors of path MTU discovery. Each has an exemption that is on unless the policy lists others. The message names what drops it, with a packet.',
  },
  XP0411: {
    severity: 'warning',
    title: 'Address lease cannot be renewed',
    explanation:
      'An address of an interface is a lease, or the interface has no address yet, and the policy drops DHCP: the host loses its address when the lease ends, or gets none. Write the exemption dhcp, or permit the DHCP server by a filter.',
  },
  XP0412: {
    severity: 'note',
    title: 'DHCP is dropped',
    explanation:
      'The policy drops DHCP, and nothing is known of where the addresses of its host come from. Where they are static, all is well.',
  },
  XP0413: {
    severity: 'warning',
    title: 'Exemption that opens ports',
    explanation:
      'The exemption passes packets to local ports that the policy would block without it, from whoever sends them. The message shows one. Leave the exemption out and permit the protocol by filters that name the other ends.',
  },
  XP0414: {
    severity: 'warning',
    title: 'Filter that cannot match',
    explanation:
      'The filter can match no packet on the interfaces that the policy is for: me has no address of the family, both ends are the host itself, the source is 0.0.0.0, or an address is IPv4-mapped. Where it is a block, nothing is blocked by it.',
  },
  XP0415: {
    severity: 'warning',
    title: 'Rule for an interface that is not filtered',
    explanation:
      'The rule is limited to an interface that this host does not have, or that the policy is not in force on. It matches nothing there. Names are exact: patterns are not taken.',
  },
  XP0416: {
    severity: 'warning',
    title: 'Sockets hear more than me',
    explanation:
      "The default permits and the filter blocks what comes to me, the host's addresses. UDP sockets also hear the broadcast of the subnet, 255.255.255.255, 0.0.0.0 and multicast, and these pass. The word local names me and all of these.",
  },
  XP0417: {
    severity: 'note',
    title: 'The analysis was cut',
    explanation:
      'The policy has so many filters that overlap that looking at every pair would take minutes. The heaviest filters are looked at first; what is reported is exact, and the message counts what was not looked at.',
  },
  XP0420: {
    severity: 'error',
    title: 'Protected traffic would be dropped',
    explanation:
      'The configuration of the host, /etc/xdpol/config.yaml, lists traffic that every policy must permit in both directions (protect). The policy drops some of it, and the message shows a packet. Permit the traffic in the policy. No option overrides this: change the configuration if the traffic need not be protected.',
  },
} as const;
