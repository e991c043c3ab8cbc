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
      'Each route of the API asks for a role: viewer to read, operator to confirm or take back a change, administrator to change. Over the network the certificate has the role; in the web console the session has it.',
  },
  XDPOL_E_UNKNOWN_HOST: {
    exit: 1,
    title: 'The host is not known',
    explanation: 'A command works on another host under the name that xdpol host add gave it.',
  },
  XDPOL_E_UNREACHABLE: {
    exit: 1,
    title: 'The other host cannot be reached',
    explanation:
      'It does not answer, or one of the two does not accept the certificate of the other. The message says which.',
  },
  XDPOL_E_FRONT: {
    exit: 1,
    title: 'The front of the fleet cannot be used',
    explanation:
      'It does not answer, was silent for too long, or one of the two does not accept the certificate of the other. The host keeps its policy and tries the next front.',
  },
  XDPOL_E_ORDER: {
    exit: 1,
    title: 'The order cannot be carried out',
    explanation: 'What the order names is not what it says. The host keeps its policy until another order comes.',
  },
  XDPOL_E_NOT_REMOTE: {
    exit: 2,
    title: 'This is done on the host itself',
    explanation:
      'A dynamic rule cannot wait to be confirmed, so a mistake in one could end the access to the host for good.',
  },
  XDPOL_E_WENT_BACK: {
    exit: 1,
    title: 'The change on the other host goes back',
    explanation:
      'A change of what is in force on another host stays only if a new connection reaches the host while the change is in force. None did, so the host takes the change back by itself.',
  },
} as const;
