/** Compiling. */
export const COMPILING_CODES = {
  XP0701: {
    severity: 'error',
    title: 'Policy too large',
    explanation:
      'The tables of the policy would be larger than the kernel program has room for. Filters that treat addresses alike need less room with one address set.',
  },
} as const;
