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
  XP0903: {
    severity: 'error',
    title: 'Not the address of a front',
    explanation:
      'A host reaches the front of its fleet by https://, a name or an address, and where it is not 443 a port.',
  },
  XP0904: {
    severity: 'error',
    title: 'Not a public key',
    explanation:
      'The orders of a fleet are checked with ed25519 public keys, each written as ed25519: and 32 bytes in base64.',
  },
  XP0905: {
    severity: 'error',
    title: 'Not a number of bans',
    explanation: 'The bans of a fleet may have 0 to 1,000,000 members on a host at a time.',
  },
} as const;
