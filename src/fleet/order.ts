/** Orders: what a target's hosts put in force, signed by an operator. A host believes nothing else. */
import { isIP } from 'node:net';
import { fieldsOf, isText } from '../store/json-fields.ts';
import type { Lane, Target } from './fleet-names.ts';
import { isName, isTarget } from './fleet-names.ts';
import type { SignatureFault, Signed, SigningKey, TrustedKeys } from './signing.ts';
import { bodyOf, isDigest, parseBody, sha256, signatureFault, signBody } from './signing.ts';

/** Bytes of a bundle, before it is packed. */
export const MOST_BUNDLE = 268_435_456;
/** Hosts that a wave names, and bans of an order. */
export const MOST_NAMED = 4096;

export interface OrderedPolicy {
  readonly name: string;
  readonly version: number;
  /** Of the bundle, not packed; and its bytes. */
  readonly sha256: string;
  readonly size: number;
}

export interface Ban {
  /** An address, or a prefix as `203.0.113.0/24`. */
  readonly prefix: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface OrderedBans {
  /** The live set, which must only be used to block. */
  readonly set: string;
  /** All that hold for the target: the newest order is enough, whatever was missed. */
  readonly entries: readonly Ban[];
}

/** An order of a rollout is for some hosts of its target, until the last one is for all of them. */
export interface Wave {
  readonly rollout: string;
  /** From 1. */
  readonly number: number;
  readonly of: number;
  /** null: all of the target. */
  readonly hosts: readonly string[] | null;
}

interface OrderHead {
  readonly target: Target;
  /** Only grows for a target and lane. */
  readonly seq: number;
  /** Milliseconds since 1970. A host that sees it later than `expires` for the first time refuses it. */
  readonly issued: number;
  readonly expires: number;
  /** SHA-256 of the body of the order that was in force for the target before; null for the first. */
  readonly previous: string | null;
  readonly wave: Wave | null;
}

export type Order =
  | (OrderHead & { readonly kind: 'policy'; readonly policy: OrderedPolicy })
  /** The target orders nothing any more: what the next target in precedence orders counts. */
  | (OrderHead & { readonly kind: 'unassign' })
  | (OrderHead & { readonly kind: 'bans'; readonly bans: OrderedBans });

export type OrderKind = Order['kind'];

export function laneOf(kind: OrderKind): Lane {
  return kind === 'bans' ? 'bans' : 'policy';
}

/** Greater than the last one even where the clock went back. */
export function nextSeq(last: number | undefined, now: number): number {
  return Math.max((last ?? 0) + 1, now);
}

/**
 * Milliseconds that the seq of an order, or of a membership, may be ahead of a clock: the clock of a host may be days behind.
 * Without a bound, whoever once has an operator's key signs the largest seq, and no order follows it.
 */
const MOST_AHEAD = 7 * 86_400_000;

export function isAhead(seq: number, now: number): boolean {
  return seq > now + MOST_AHEAD;
}

export function timeFaultOf({ seq, expires }: Order, now: number): TimeFault | undefined {
  if (now > expires) return 'expired';
  return isAhead(seq, now) ? 'ahead' : undefined;
}

export function signOrder(order: Order, key: SigningKey): Signed {
  return signBody('order', Buffer.from(JSON.stringify(order)), key);
}

/** Names an order: SHA-256 of the bytes that were signed. */
export function digestOf(signed: Signed): string {
  return sha256(bodyOf(signed));
}

/** Whole, and exact as a number of JSON. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Are there no members that this version does not know? They might limit the order. */
function isEmpty(more: object): boolean {
  return Object.keys(more).length === 0;
}

function readPolicyPart(value: unknown): OrderedPolicy | undefined {
  const { name, version, sha256: digest, size, ...more } = fieldsOf<OrderedPolicy>(value);
  if (!isEmpty(more) || !isName(name) || !isCount(version) || version === 0 || !isDigest(digest)) return undefined;
  return isCount(size) && size <= MOST_BUNDLE ? { name, version, sha256: digest, size } : undefined;
}

const LENGTHS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** An address, or one with a prefix length. */
export function isPrefix(text: unknown): text is string {
  const [address = '', length, ...more] = isText(text) ? text.split('/') : [];
  const longest = LENGTHS[isIP(address)];
  if (longest === undefined || more.length > 0 || address.includes('%')) return false;
  return length === undefined || (/^(?:0|[1-9]\d{0,2})$/u.test(length) && Number(length) <= longest);
}

function readBan(value: unknown): Ban | undefined {
  const { prefix, until, ...more } = fieldsOf<Ban>(value);
  return isEmpty(more) && isPrefix(prefix) && isCount(until) ? { prefix, until } : undefined;
}

function readBans(value: unknown): OrderedBans | undefined {
  const { set, entries, ...more } = fieldsOf<OrderedBans>(value);
  if (!isEmpty(more) || !isText(set) || set === '' || set.length > 200 || !Array.isArray(entries)) return undefined;
  const bans = entries.length > MOST_NAMED ? [undefined] : entries.map(readBan);
  return bans.every((ban) => ban !== undefined) ? { set, entries: bans } : undefined;
}

/** undefined where it is neither a wave nor null. */
function readWave(value: unknown): Wave | null | undefined {
  if (value === null) return null;
  const { rollout, number, of, hosts, ...more } = fieldsOf<Wave>(value);
  if (!isEmpty(more) || !isName(rollout) || !isCount(number) || !isCount(of) || number < 1 || number > of)
    return undefined;
  if (hosts === null) return { rollout, number, of, hosts };
  if (!Array.isArray(hosts) || hosts.length > MOST_NAMED || !hosts.every(isName)) return undefined;
  return { rollout, number, of, hosts };
}

/** The order in a body; undefined where it is none. Members that are not known are an error. */
export function readOrder(value: unknown): Order | undefined {
  const {
    kind,
    target,
    seq,
    issued,
    expires,
    previous,
    wave: waveField,
    ...rest
  } = fieldsOf<OrderHead & { kind: unknown; policy: unknown; bans: unknown }>(value);
  const wave = readWave(waveField);
  if (!isTarget(target) || !isCount(seq) || !isCount(issued) || !isCount(expires) || wave === undefined)
    return undefined;
  if (previous !== null && !isDigest(previous)) return undefined;
  const head = { target, seq, issued, expires, previous, wave };
  const parts = Object.keys(rest).join(' ');
  if (kind === 'unassign') return isEmpty(rest) ? { kind, ...head } : undefined;
  if (kind !== parts) return undefined;
  const policy = kind === 'policy' ? readPolicyPart(rest.policy) : undefined;
  if (policy !== undefined) return { kind: 'policy', ...head, policy };
  const bans = kind === 'bans' ? readBans(rest.bans) : undefined;
  return bans === undefined ? undefined : { kind: 'bans', ...head, bans };
}

/** What the clock of a host says against an order; the clock may be wrong. */
export type TimeFault = 'expired' | 'ahead';

export type Refusal = SignatureFault | 'not-an-order' | 'other-target' | 'other-wave' | 'replayed' | TimeFault;

const REFUSALS: Readonly<Record<Refusal, string>> = {
  'not-an-order': 'it is no order that this version reads',
  'unknown-key': 'the key that signed it is none that this host trusts',
  'bad-signature': 'its signature does not fit its bytes',
  'other-target': 'it is for a target that this host is not part of',
  'other-wave': 'it is for other hosts of its target',
  replayed: 'a newer order for its target was taken before',
  expired: 'it came after its end by the clock of this host',
  ahead: 'its number is more than a week ahead of the clock of this host',
};

export function refusalText(refusal: Refusal): string {
  return REFUSALS[refusal];
}

/** What a host knows when an order comes. */
export interface OrderReader {
  readonly host: string;
  readonly keys: TrustedKeys;
  /** From its membership: see targetsOf. */
  readonly targets: readonly Target[];
  /** The newest order that was taken for a target and lane. */
  readonly taken: (lane: Lane, target: Target) => { readonly seq: number; readonly digest: string } | undefined;
  /** Milliseconds since 1970; undefined: it was in time when it was taken. */
  readonly now: number | undefined;
}

export type Opened =
  | { readonly order: Order; readonly digest: string; readonly isNew: boolean }
  | { readonly refused: Exclude<Refusal, TimeFault> }
  | { readonly refused: TimeFault; readonly order: Order };

/** Every check that needs no bundle. The order that was taken last comes again after each connection: it is not new. */
export function openOrder(signed: Signed, reader: OrderReader): Opened {
  const unsigned = signatureFault('order', signed, reader.keys);
  if (unsigned !== undefined) return { refused: unsigned };
  const order = readOrder(parseBody(signed));
  if (order === undefined) return { refused: 'not-an-order' };
  if (!reader.targets.includes(order.target)) return { refused: 'other-target' };
  const hosts = order.wave?.hosts ?? null;
  if (hosts !== null && !hosts.includes(reader.host)) return { refused: 'other-wave' };
  const digest = digestOf(signed);
  const last = reader.taken(laneOf(order.kind), order.target);
  if (last?.digest === digest) return { order, digest, isNew: false };
  if (last !== undefined && order.seq <= last.seq) return { refused: 'replayed' };
  const fault = reader.now === undefined ? undefined : timeFaultOf(order, reader.now);
  if (fault !== undefined) return { refused: fault, order };
  return { order, digest, isNew: true };
}
