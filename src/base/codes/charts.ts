/** Planning charts. */
export const CHART_CODES = {
  XP0801: {
    severity: 'error',
    title: 'Not a chart',
    explanation:
      'The text has no table with the columns Role, Direction, From/to, Interface IP address, IP Protocol and TCP/UDP port, or the table has no row.',
  },
  XP0802: {
    severity: 'error',
    title: 'Broken CSV',
    explanation: 'A quoted cell has no end, or text follows its closing quote.',
  },
  XP0803: {
    severity: 'error',
    title: 'Column missing',
    explanation: 'The chart lacks a column that it needs.',
  },
  XP0804: {
    severity: 'error',
    title: 'Column given twice',
    explanation: 'Two columns of the chart have one name.',
  },
  XP0805: {
    severity: 'note',
    title: 'Column not used',
    explanation: 'The column is none of those that make filters. Its cells are passed over.',
  },
  XP0806: {
    severity: 'error',
    title: 'Too many cells',
    explanation: 'The row has more cells than the header. In CSV a cell with commas stands in quotes: "in, out".',
  },
  XP0807: {
    severity: 'error',
    title: 'Not a direction',
    explanation: 'A direction is in, out, or both: "in, out".',
  },
  XP0808: {
    severity: 'error',
    title: 'Unusable role',
    explanation:
      'A role is a name, which its filter list and its rule take over. An empty cell goes on with the role of the row before, so the first row needs one.',
  },
  XP0809: {
    severity: 'error',
    title: 'Unusable From/to',
    explanation:
      'From/to is all, or addresses and prefixes. With "in, out" it is one entry for both directions, or one for each: "all, all".',
  },
  XP0810: {
    severity: 'error',
    title: 'Unusable interface address',
    explanation: "The address is one of the host's own: addresses without a mask, or me for all of them.",
  },
  XP0811: {
    severity: 'error',
    title: 'Row of too many filters',
    explanation:
      'A row makes a filter for every pair of addresses and every protocol. Long lists of addresses belong into an address set of the policy.',
  },
} as const;
