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
      'Two filters of different actions match some packets both, and neither is within the other. The order of specificity decides, by the key that the message names, and that may not be what was meant. A filter for just the packets that both match comes before both and settles it. Packets from a host to itself are left out.',
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
} as const;
