/**
 * What an operator gives to a host that is to join: a secret of the front, and what the host needs to know the fleet by
 * before it has anything else, so that no other front and no other operator can take the fleet's place.
 */
import { randomBytes, X509Certificate } from 'node:crypto';
import { isDigest, sha256 } from './signing.ts';

export interface JoinToken {
  readonly secret: string;
  /** SHA-256 of the authority's certificate. */
  readonly authority: string;
  /** SHA-256 of the operators' public keys, one in a line. */
  readonly operators: string;
}

const PREFIX = 'xdj1';

export function digestOfAuthority(pem: string): string {
  return sha256(new X509Certificate(pem).raw);
}

export function digestOfOperators(keys: readonly string[]): string {
  return sha256(Buffer.from([...keys].sort().join('\n')));
}

export function makeToken(authority: string, operators: readonly string[]): JoinToken {
  const secret = randomBytes(24).toString('base64url');
  return { secret, authority: digestOfAuthority(authority), operators: digestOfOperators(operators) };
}

export function encodeToken({ secret, authority, operators }: JoinToken): string {
  return [PREFIX, secret, authority, operators].join('.');
}

/** undefined where the text is no token. */
export function readToken(text: string): JoinToken | undefined {
  const [prefix, secret = '', authority, operators, ...more] = text.trim().split('.');
  const isWhole = prefix === PREFIX && /^[\w-]{32}$/u.test(secret) && more.length === 0;
  return isWhole && isDigest(authority) && isDigest(operators) ? { secret, authority, operators } : undefined;
}
