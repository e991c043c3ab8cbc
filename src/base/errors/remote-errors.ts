/** What stands in the way between hosts. */
export const REMOTE_ERRORS = {
  XDPOL_E_PKI: {
    exit: 1,
    title: 'The certificate authority cannot do that',
    explanation:
      'The folder has no authority, or has one already, or what is asked for does not fit the certificates that were issued.',
  },
  XDPOL_E_CREDENTIALS: {
    exit: 1,
    title: 'A key or certificate cannot be used',
    explanation: 'The folder lacks one of the files that prove who this host or operator is, or the file is damaged.',
  },
  XDPOL_E_ROLE: {
    exit: 1,
    title: 'The role does not give the right',
    explanation:
      'Each route of the API asks for a role, over the network of the certificate and in the web console of the session: viewer to read, operator to confirm and take back, administrator to change.',
  },
} as const;
