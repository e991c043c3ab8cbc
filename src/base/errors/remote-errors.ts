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
  XDPOL_E_UNKNOWN_HOST: {
    exit: 1,
    title: 'The host is not known',
    explanation: 'A command works on another host by a name that xdpol host add has given it.',
  },
  XDPOL_E_UNREACHABLE: {
    exit: 1,
    title: 'The other host cannot be reached',
    explanation:
      'It does not answer, or one of the two does not take the certificate of the other. The message says which.',
  },
  XDPOL_E_NOT_REMOTE: {
    exit: 2,
    title: 'This is done on the host itself',
    explanation:
      'Dynamic rules cannot wait to be confirmed, so a mistake in one would cut the way to the host for good.',
  },
  XDPOL_E_WENT_BACK: {
    exit: 1,
    title: 'The change on the other host goes back',
    explanation:
      'A change of what is in force on another host stays only where a new connection gets through with it in force. None did, so the host takes the change back by itself.',
  },
} as const;
