/** Records of the store and the wire: each is read from what may be anything. */
import { fieldsOf, isText, isTextList, parseJson } from '../store/json-fields.ts';
import { isName } from './fleet-names.ts';
import type { Labels } from './selector.ts';
import { isLabelWord, readSelector } from './selector.ts';
import { isDigest } from './signing.ts';

export interface HostRecord {
  readonly name: string;
  readonly labels: Labels;
  /** Those that it is in by name; labels can bring more. */
  readonly groups: readonly string[];
  /** SHA-256 of its certificate, hexadecimal; null until it has joined. */
  readonly fingerprint: string | null;
}

export interface GroupRecord {
  readonly name: string;
  /** Of two groups of a host the higher one counts. */
  readonly priority: number;
  /** null: hosts are in it by name alone. */
  readonly selector: string | null;
}

/** What a version of a policy is. */
export interface PolicyRecord {
  readonly name: string;
  readonly version: number;
  readonly sha256: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly published: number;
  readonly by: string;
}

export interface BlobRecord {
  /** Bytes as they are, and packed with gzip. */
  readonly size: number;
  readonly packed: number;
  readonly parts: number;
}

/** Names of what went wrong that programs compare; the text says the rest. */
export interface StatusError {
  /** Of the order that could not be carried out; null where it was none. */
  readonly seq: number | null;
  readonly code: string;
  readonly message: string;
}

export interface InForce {
  /** Where the order came from, and its seq; null where what is in force was not ordered. */
  readonly target: string | null;
  readonly seq: number | null;
  /** Of the bundle; null: nothing is in force. */
  readonly sha256: string | null;
  /** Name of the policy. */
  readonly policy: string | null;
}

/** What every host says of itself. Nothing is added here: see LaterReport. */
interface FirstReport {
  /** Of the newest policy order that it took or refused; null: it has seen none. */
  readonly seq: number | null;
  readonly inForce: InForce;
  /** Whether it waits for the confirmation of a change. */
  readonly isPending: boolean;
  /** Whether the last ordered change went back by itself. */
  readonly isRolledBack: boolean;
  /** Whether somebody changed on the host what the fleet ordered. */
  readonly isDrifted: boolean;
  readonly bans: { readonly seq: number; readonly members: number } | null;
  readonly error: StatusError | null;
  /** Of xdpol. */
  readonly version: string;
}

/** What was added since, which hosts of older versions do not say: each has a value in LATER for them. */
interface LaterReport {
  /** Packets a second dropped by rules that dropped none before the order; null where it is not measured. */
  readonly newDrops: number | null;
}

/** What a host says of itself. Its name is the one of its certificate, and the time is the front's. */
export interface StatusReport extends FirstReport, LaterReport {}

/** As the store has it. */
export interface HostStatus extends StatusReport {
  /** Milliseconds since 1970, by the front's clock. */
  readonly at: number;
}

export function encodeRecord(record: object): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

export function parseRecord(bytes: Uint8Array): unknown {
  return parseJson(Buffer.from(bytes).toString('utf8'));
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isTruth(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

function isIntegerOrNull(value: unknown): value is number | null {
  return value === null || isInteger(value);
}

export function readLabels(value: unknown): Labels | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).filter(
    ([label, text]) => isLabelWord(label) && isText(text) && isLabelWord(text),
  );
  const all = Object.keys(value).length;
  return entries.length === all && all <= 64 ? (Object.fromEntries(entries) as Labels) : undefined;
}

export function readHost(value: unknown): HostRecord | undefined {
  const { name, labels: given, groups, fingerprint } = fieldsOf<HostRecord>(value);
  const labels = readLabels(given);
  if (!isName(name) || labels === undefined || !isTextList(groups) || !groups.every(isName)) return undefined;
  return fingerprint === null || isDigest(fingerprint) ? { name, labels, groups, fingerprint } : undefined;
}

export function readGroup(value: unknown): GroupRecord | undefined {
  const { name, priority, selector } = fieldsOf<GroupRecord>(value);
  if (!isName(name) || !isInteger(priority) || !isTextOrNull(selector)) return undefined;
  return selector === null || readSelector(selector) !== undefined ? { name, priority, selector } : undefined;
}

export function readPolicyRecord(value: unknown): PolicyRecord | undefined {
  const { name, version, sha256, size, published, by } = fieldsOf<PolicyRecord>(value);
  if (!isName(name) || !isInteger(version) || !isDigest(sha256) || !isInteger(size)) return undefined;
  return isInteger(published) && isText(by) ? { name, version, sha256, size, published, by } : undefined;
}

export function readBlobRecord(value: unknown): BlobRecord | undefined {
  const { size, packed, parts } = fieldsOf<BlobRecord>(value);
  return isInteger(size) && isInteger(packed) && isInteger(parts) ? { size, packed, parts } : undefined;
}

/** Characters of a text that a host sends: more is cut off by the front, not refused. */
const MOST_TEXT = 2000;

function readError(value: unknown): StatusError | null | undefined {
  if (value === null) return null;
  const { seq, code, message } = fieldsOf<StatusError>(value);
  if (!isIntegerOrNull(seq) || !isText(code) || !isText(message)) return undefined;
  return { seq, code: code.slice(0, 100), message: message.slice(0, MOST_TEXT) };
}

function readInForce(value: unknown): InForce | undefined {
  const { target, seq, sha256, policy } = fieldsOf<InForce>(value);
  if (!isTextOrNull(target) || !isIntegerOrNull(seq) || !isTextOrNull(policy)) return undefined;
  return sha256 === null || isDigest(sha256) ? { target, seq, sha256, policy } : undefined;
}

function readBansStatus(value: unknown): StatusReport['bans'] | undefined {
  if (value === null) return null;
  const { seq, members } = fieldsOf<NonNullable<StatusReport['bans']>>(value);
  return isInteger(seq) && isInteger(members) ? { seq, members } : undefined;
}

function readFirst(value: unknown): FirstReport | undefined {
  const { seq, inForce, isPending, isRolledBack, isDrifted, bans, error, version } = fieldsOf<FirstReport>(value);
  const force = readInForce(inForce);
  const banned = readBansStatus(bans);
  const failure = readError(error);
  if (force === undefined || banned === undefined || failure === undefined) return undefined;
  if (!isIntegerOrNull(seq) || !isTruth(isPending) || !isTruth(isRolledBack) || !isTruth(isDrifted)) return undefined;
  if (!isText(version)) return undefined;
  const standing = { seq, inForce: force, isPending, isRolledBack, isDrifted };
  return { ...standing, bans: banned, error: failure, version: version.slice(0, 100) };
}

/** What is not said, or not in a form that this version reads, is as with a host that does not know it. */
const LATER: { readonly [K in keyof LaterReport]: (value: unknown) => LaterReport[K] } = {
  newDrops: (value) => (typeof value === 'number' ? value : null),
};

/**
 * Members that are not known are left out, and those that were added later may be missing: a policy is confirmed by its
 * report being taken, whatever the versions of host and front are.
 */
export function readStatusReport(value: unknown): StatusReport | undefined {
  const first = readFirst(value);
  const { newDrops } = fieldsOf<LaterReport>(value);
  return first === undefined ? undefined : { ...first, newDrops: LATER.newDrops(newDrops) };
}

export function readStatus(value: unknown): HostStatus | undefined {
  const report = readStatusReport(value);
  const { at } = fieldsOf<HostStatus>(value);
  return report !== undefined && isInteger(at) ? { ...report, at } : undefined;
}
