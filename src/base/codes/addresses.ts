/** Addresses and names. */
export const ADDRESS_CODES = {
  XP0201: {
    severity: 'error',
    title: 'Not an address',
    explanation:
      'An address is any, me, local, an IPv4 or IPv6 address, a prefix (10.0.0.0/8, 10.0.0.0/255.0.0.0, 10.*.*.*), a DNS name or $set.',
  },
  XP0202: {
    severity: 'error',
    title: 'Mask not contiguous',
    explanation: 'A mask is ones followed by zeros. An inverse mask, as routers write it, is not one.',
  },
  XP0203: {
    severity: 'error',
    title: 'Bad prefix length',
    explanation: 'A prefix length is a number up to 32 (IPv4) or 128 (IPv6); an IPv4 mask has four numbers.',
  },
  XP0204: {
    severity: 'error',
    title: 'Host bits set',
    explanation:
      'The address has bits set after its prefix length. It could be meant as the network or as the host, so one of them must be written.',
  },
  XP0205: {
    severity: 'error',
    title: 'Address families mixed',
    explanation: 'The source is IPv4 and the destination IPv6, or the other way round. No packet has both.',
  },
  XP0206: {
    severity: 'error',
    title: 'Unknown address set',
    explanation: 'A filter names an address set that the policy does not have.',
  },
  XP0207: {
    severity: 'warning',
    title: 'Unused address set',
    explanation: 'No filter names the set.',
  },
  XP0208: {
    severity: 'error',
    title: 'Address-set file cannot be read',
    explanation:
      'The file of an address set is missing, cannot be read or is not UTF-8 text. Its path is relative to the policy file.',
  },
  XP0209: {
    severity: 'error',
    title: 'More errors in an address-set file',
    explanation: 'The first errors of the file are shown one by one, the rest are counted.',
  },
  XP0210: {
    severity: 'error',
    title: 'Not an address or prefix',
    explanation: 'An address set holds addresses and prefixes only: no any, no me, no names, no other sets.',
  },
  XP0211: {
    severity: 'warning',
    title: 'Empty address set',
    explanation: 'A filter that names an empty set matches no packet.',
  },
  XP0212: {
    severity: 'error',
    title: 'Unusable set name',
    explanation:
      'The name of an address set has letters, digits, dots, dashes and underscores, so that $name can be read back.',
  },
  XP0213: {
    severity: 'error',
    title: '0 as an address',
    explanation: "0 means the host's own addresses in filterspecs only; in a mapping write me.",
  },
  XP0214: {
    severity: 'warning',
    title: 'Set name read as a DNS name',
    explanation: "The address is the name of one of the policy's sets, but without the $ it is a DNS name.",
  },
  XP0220: {
    severity: 'error',
    title: 'Name without an address',
    explanation:
      'A DNS name of the policy has no A or AAAA answer, or could not be asked for. A filter that matches nothing would not be noticed, so the policy is refused.',
  },
  XP0221: {
    severity: 'warning',
    title: 'me has no address',
    explanation:
      "The host's filtered interfaces have no address, so the filters that name me match nothing. Where no interface is involved, --me ADDRESS says what me is.",
  },
} as const;
