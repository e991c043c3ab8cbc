/** The configuration of the host. */
export const CONFIGURATION_CODES = {
  XP0901: {
    severity: 'error',
    title: 'Not an address and a port',
    explanation: 'The place where a server listens is an address and a port, or a port alone for every address.',
  },
} as const;
