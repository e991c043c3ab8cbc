/** Addresses and names. */
export const ADDRESS_CODES = {
  XP0201: {
    severity: 'error',
    title: 'Not an address',
    explanation:
      'An address is any, me, local, an IPv4 or IPv6 address, a prefix (10.0.0.0/8, 10.0.0.0/255.0.0.0, 10.*.*.*), a range (10.0.0.5-10.0.0.9), a DNS name, $set, or a list of these.',
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
      'The file of an address set is missing, cannot be read, or is no list of addresses but an HTML page, an archive or binary data. Its path is relative to the policy file.',
  },
  XP0209: {
    severity: 'error',
    title: 'More errors in an address-set file',
    explanation: 'The first errors of the file are shown one by one, the rest are counted.',
  },
  XP0210: {
    severity: 'error',
    title: 'Not an address or prefix',
    explanation: 'An address set holds addresses, prefixes and ranges only: no any, no me, no names, no other sets.',
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
  XP0215: {
    severity: 'note',
    title: 'IPv4-mapped address',
    explanation:
      'An IPv6 address such as ::ffff:192.0.2.1 stands for an IPv4 address, and is read as that: packets carry the IPv4 address.',
  },
  XP0216: {
    severity: 'warning',
    title: 'All IPv4-mapped addresses',
    explanation:
      'The prefix ::ffff:0:0/96 matches no packet, because IPv4 packets carry IPv4 addresses. It is not read as 0.0.0.0/0: lists of addresses that never occur have it, and would match everything.',
  },
  XP0217: {
    severity: 'error',
    title: 'Bad range of addresses',
    explanation: 'A range is FIRST-LAST, two addresses of one family, the first not behind the last.',
  },
  XP0218: {
    severity: 'error',
    title: 'Unusable exclusion',
    explanation:
      'exclude takes addresses out of a list or a set: addresses, prefixes, ranges, me and local; in a filter also names and sets. With any nothing would be left.',
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
  XP0222: {
    severity: 'note',
    title: 'Part of a list without an address',
    explanation:
      'The title of a column, an object of JSON that is about the list, or a line of a hosts file for the host itself. It is passed over.',
  },
  XP0223: {
    severity: 'error',
    title: 'Two addresses on a line',
    explanation:
      'A line of a list has one address, prefix or range; a range is FIRST-LAST, a mask ADDRESS/MASK. What follows the address may be any text but another address, unless column says which field is meant.',
  },
  XP0224: {
    severity: 'error',
    title: 'Column missing',
    explanation: 'A line of the list has fewer fields than column asks for.',
  },
  XP0225: {
    severity: 'error',
    title: 'Hosts file of names',
    explanation:
      'The list is a hosts file that gives names the address 0.0.0.0 or 127.0.0.1, so that they are not found. It has no addresses to filter by.',
  },
  XP0226: {
    severity: 'error',
    title: 'Saved set that cannot be read',
    explanation:
      'Of ipset save and nft list set, one set of addresses, prefixes and ranges is read: no ports, no exceptions (nomatch), no maps.',
  },
  XP0227: {
    severity: 'error',
    title: 'JSON list that cannot be read',
    explanation: 'A JSON list is an array, or one value a line (NDJSON), of addresses or of objects that have one.',
  },
  XP0228: {
    severity: 'error',
    title: 'Which field of JSON?',
    explanation:
      'field names the key with the address, with dots between the keys of inner objects. Without it the objects have one key with an address.',
  },
  XP0230: {
    severity: 'error',
    title: 'Live set with other keys',
    explanation:
      'The members of a live set come while the policy is in force, by xdpol set. A set has live: true or a feed, with capacity and levels, or a list of its own.',
  },
  XP0231: {
    severity: 'error',
    title: 'Bad level of a live set',
    explanation:
      'levels lists the prefix lengths that members have: of IPv4 any from 24 to 32, of IPv6 one of 48, 52, 56, 60, 64, 72, 80, 88, 96, 104, 112, 120, 124, 127 and 128. Whole addresses, 32 and 128, always are levels.',
  },
  XP0232: {
    severity: 'error',
    title: 'Too many live sets',
    explanation: 'A policy has at most 16 live sets.',
  },
  XP0233: {
    severity: 'error',
    title: 'Live set with an exclusion',
    explanation:
      'A list with a live set among its members cannot have exclude, and exclude cannot name a live set: what is taken out would have to change with the members.',
  },
  XP0234: {
    severity: 'error',
    title: 'Bad capacity of a live set',
    explanation:
      'capacity is how many members a live set holds at most, from 1 to 3,000,000. The tables are made for so many.',
  },
  XP0235: {
    severity: 'error',
    title: 'Bad feed of a live set',
    explanation:
      'The members of a live set may come from a feed: url with every, file with watch: true, or crowdsec with url and keyFile. The agent of the host reads it, so that paths are absolute.',
  },
} as const;
