/** What operators ask of a front: the store, with rights, checks of what is written, and a record of who wrote it. */
import { randomBytes } from 'node:crypto';
import type { Role } from '../../base/roles.ts';
import { roleCovers } from '../../base/roles.ts';
import { fieldsOf, isText } from '../../store/json-fields.ts';
import { isTarget } from '../fleet-names.ts';
import type { Change, Entry, FleetStore, Put } from '../fleet-store.ts';
import { MOST_PUTS, MOST_VALUE } from '../fleet-store.ts';
import { isAhead, laneOf, readOrder } from '../order.ts';
import { isKey, KEYS, PREFIXES, ROOT } from '../record-keys.ts';
import { encodeRecord, parseRecord } from '../records.ts';
import { decodeSigned, parseBody } from '../signing.ts';
import type { Exchange } from './exchange.ts';
import { answerJson, Refused, readBody } from './exchange.ts';

export interface Operator {
  readonly name: string;
  readonly role: Role;
}

/** Bytes of a request: a part of a blob in base64, or many records. */
const MOST_BODY = 2 * MOST_VALUE;

interface WireEntry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

export function encodeEntry({ key, value, revision }: Entry): WireEntry {
  return { key, value: Buffer.from(value).toString('base64'), revision };
}

function requireKey(key: string | null): string {
  if (key?.startsWith(ROOT)) return key;
  throw new Refused(400, 'a key begins with /xdpol/v1/');
}

function requireCovered({ name, role }: Operator, needed: Role, what: string): void {
  if (roleCovers(role, needed)) return;
  throw new Refused(403, `${name} is ${role}, and ${what} needs ${needed}`);
}

export async function readOne(store: FleetStore, exchange: Exchange): Promise<void> {
  const entry = await store.get(requireKey(exchange.query.get('key')));
  answerJson(exchange, { entry: entry === undefined ? null : encodeEntry(entry) });
}

export async function readMany(store: FleetStore, exchange: Exchange): Promise<void> {
  const { entries, revision } = await store.list(requireKey(exchange.query.get('prefix')));
  answerJson(exchange, { revision, entries: entries.map(encodeEntry) });
}

function readPut(value: unknown): Put | undefined {
  const { key, value: text, ifRevision } = fieldsOf<Put>(value);
  if (!isText(key) || !isKey(key) || typeof ifRevision !== 'number') return undefined;
  if (text === null) return { key, value: undefined, ifRevision };
  return isText(text) ? { key, value: Buffer.from(text, 'base64'), ifRevision } : undefined;
}

/** Keys that are never removed: what is taken back is said by a signed value. */
function isKept(key: string): boolean {
  return [PREFIXES.policy, PREFIXES.bans, PREFIXES.memberships, PREFIXES.audits, KEYS.epoch].some((prefix) =>
    key.startsWith(prefix),
  );
}

/** An order is one for the target and lane of its key, though the front does not ask whose signature it has. */
function faultOf({ key, value }: Put): string | undefined {
  if (key.startsWith(PREFIXES.audits)) return 'is written by the front alone';
  if (value === undefined) return isKept(key) ? 'is never removed' : undefined;
  const lane = key.startsWith(PREFIXES.policy) ? 'policy' : key.startsWith(PREFIXES.bans) ? 'bans' : undefined;
  if (lane === undefined) return undefined;
  const target = key.slice(PREFIXES[lane].length);
  const signed = decodeSigned(value);
  const order = signed === undefined ? undefined : readOrder(parseBody(signed));
  const isRight = isTarget(target) && order?.target === target && laneOf(order.kind) === lane;
  if (!isRight) return 'would not hold an order for its target';
  if (!isAhead(order.seq, Date.now())) return undefined;
  return 'would hold an order that hosts refuse: the clock of the machine that made it is more than a week ahead';
}

/** Blobs are many and say nothing of who ordered what. */
function isAudited(key: string): boolean {
  return !key.startsWith(`${ROOT}blob`);
}

function auditOf(operator: Operator, puts: readonly Put[]): readonly Put[] {
  const keys = puts.map(({ key }) => key).filter(isAudited);
  if (keys.length === 0) return [];
  const key = KEYS.audit(Date.now(), randomBytes(6).toString('hex'));
  return [{ key, value: encodeRecord({ who: operator.name, role: operator.role, keys }), ifRevision: 0 }];
}

export async function write(store: FleetStore, operator: Operator, exchange: Exchange): Promise<void> {
  const { puts: given } = fieldsOf<{ puts: unknown }>(parseRecord(await readBody(exchange, MOST_BODY)));
  const puts = Array.isArray(given) ? given.map(readPut) : [];
  if (puts.length === 0 || puts.length >= MOST_PUTS || !puts.every((put) => put !== undefined)) {
    throw new Refused(400, `a request has 1 to ${MOST_PUTS - 1} keys with their values and revisions`);
  }
  for (const put of puts) {
    const isBan = put.key.startsWith(PREFIXES.bans);
    requireCovered(operator, isBan ? 'operator' : 'administrator', `writing ${put.key}`);
    const fault = faultOf(put);
    if (fault !== undefined) throw new Refused(400, `${put.key} ${fault}`);
  }
  answerJson(exchange, await store.put([...puts, ...auditOf(operator, puts)]));
}

/** Lines: `{state: {entries, revision}}`, `{changes: [...]}`. */
export function followRecords(store: FleetStore, { stream, query }: Exchange): void {
  const prefixes = query.getAll('prefix').map(requireKey);
  const given = query.get('since');
  const send = (line: object): void => {
    if (!stream.destroyed) stream.write(`${JSON.stringify(line)}\n`);
  };
  stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
  const following = store.follow(
    prefixes,
    {
      state: ({ entries, revision }) => send({ state: { entries: entries.map(encodeEntry), revision } }),
      changes: (changes) => send({ changes: changes.map(encodeChange) }),
    },
    given === null ? undefined : Number(given),
  );
  stream.once('close', () => following[Symbol.dispose]());
}

function encodeChange({ key, entry, revision }: Change): object {
  return { key, entry: entry === undefined ? null : encodeEntry(entry), revision };
}
