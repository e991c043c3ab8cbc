/** How hosts and operators prove over the network who they are. */

/** Before the role in the certificate of an operator: one of its alternative names, a URI. */
export const ROLE_URI = 'urn:xdpol:role:';

/** In the folder of whoever proves with them who he is: a host's agent, or an operator. */
export const CREDENTIAL_FILES = {
  authority: 'ca.crt',
  revoked: 'crl.pem',
  host: { certificate: 'host.crt', key: 'host.key' },
  operator: { certificate: 'operator.crt', key: 'operator.key' },
} as const;
