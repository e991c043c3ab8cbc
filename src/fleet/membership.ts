/**
 * The groups of a host, signed: otherwise a front could send a host the order of a group that it is not in. The host itself
 * and the fleet need no membership.
 */
import { fieldsOf, isTextList } from '../store/json-fields.ts';
import { isName } from './fleet-names.ts';
import { isAhead } from './order.ts';
import type { SignatureFault, Signed, SigningKey, TrustedKeys } from './signing.ts';
import { parseBody, signatureFault, signBody } from './signing.ts';

export interface Membership {
  readonly host: string;
  /** The one that counts most first. */
  readonly groups: readonly string[];
  /** Only grows for a host. */
  readonly seq: number;
}

export type MembershipRefusal = SignatureFault | 'not-a-membership' | 'other-host' | 'replayed' | 'ahead';

export function signMembership(membership: Membership, key: SigningKey): Signed {
  return signBody('membership', Buffer.from(JSON.stringify(membership)), key);
}

export function readMembership(value: unknown): Membership | undefined {
  const { host, groups, seq } = fieldsOf<Membership>(value);
  if (!isName(host) || !isTextList(groups) || !groups.every(isName) || groups.length > 1000) return undefined;
  return typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0 ? { host, groups, seq } : undefined;
}

export interface MembershipReader {
  readonly host: string;
  readonly keys: TrustedKeys;
  /** The seq of the membership that the host has; the same one comes again after each connection. */
  readonly taken: number | undefined;
  /** Milliseconds since 1970; undefined: it was in time when it was taken. */
  readonly now: number | undefined;
}

export function openMembership(
  signed: Signed,
  { host, keys, taken, now }: MembershipReader,
): { readonly membership: Membership } | { readonly refused: MembershipRefusal } {
  const fault = signatureFault('membership', signed, keys);
  if (fault !== undefined) return { refused: fault };
  const membership = readMembership(parseBody(signed));
  if (membership === undefined) return { refused: 'not-a-membership' };
  if (membership.host !== host) return { refused: 'other-host' };
  if (taken !== undefined && membership.seq < taken) return { refused: 'replayed' };
  return now !== undefined && isAhead(membership.seq, now) ? { refused: 'ahead' } : { membership };
}
