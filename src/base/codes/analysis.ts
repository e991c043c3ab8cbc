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
      'The mirror half of the permit matches packets from one remote port to every local port, and the sender chooses its source port. With mirrored: established the mirror half matches answers only (TCP with ACK or RST). UDP and SCTP have no such flag: name the remote hosts, or the local ports.',
  },
  XP0406: {
    severity: 'warning',
    title: 'Nothing is blocked',
    explanation:
      'The default permits and no rule blocks, so every packet passes. Write default: block, or add a rule that blocks.',
  },
} as const;
