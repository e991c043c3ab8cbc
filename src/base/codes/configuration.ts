/** The configuration of the host. */
export const CONFIGURATION_CODES = {
  XP0901: {
    severity: 'error',
    title: 'Not an address and a port',
    explanation: 'The place where a server listens is an address and a port, or a port alone for every address.',
  },
  XP0902: {
    severity: 'error',
    title: 'An operator with two roles',
    explanation: 'The name in a certificate has one role on a host. Until the list is corrected it has the lesser one.',
  },
} as const;
