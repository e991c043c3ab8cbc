/** What stands in the way between hosts. */
export const REMOTE_ERRORS = {
  XDPOL_E_PKI: {
    exit: 1,
    title: 'The certificate authority cannot do that',
    explanation:
      'The folder has no authority, or has one already, or what is asked for does not fit the certificates that were issued.',
  },
} as const;
