/** Who may ask for what over the network, and the names of the files that prove who is who. */

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

/** Whether a holder of `role` may do what needs `needed`. */
export function roleCovers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Before the role in the certificate of an operator: one of its alternative names, a URI. */
export const ROLE_URI = 'urn:xdpol:role:';

/** In the folder of whoever proves with them who he is: a host's agent, or an operator. */
export const CREDENTIAL_FILES = {
  authority: 'ca.crt',
  revoked: 'crl.pem',
  host: { certificate: 'host.crt', key: 'host.key' },
  operator: { certificate: 'operator.crt', key: 'operator.key' },
} as const;

/** Where an agent listens for other hosts, unless another port is given. */
export const REMOTE_PORT = 9478;
