/** Compiling. */
export const COMPILING_CODES = {
  XP0701: {
    severity: 'error',
    title: 'Policy too large',
    explanation:
      'The tables of the policy would be larger than the kernel program has room for, or there would be too many directed filters to rank: a filter is one for each width of its port ranges and each length of its addresses. The message says which filters or rules make it so large. Filters that treat addresses alike need less room with one address set.',
  },
} as const;
