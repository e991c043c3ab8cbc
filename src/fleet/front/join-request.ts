/** A host that has a token and no certificate yet. */
import { fieldsOf, isText } from '../../store/json-fields.ts';
import { putOrThrow } from '../check-puts.ts';
import { isName } from '../fleet-names.ts';
import type { FleetStore } from '../fleet-store.ts';
import type { JoinAnswer, JoinRequest } from '../front-routes.ts';
import { KEYS } from '../record-keys.ts';
import { encodeRecord, parseRecord, readHost } from '../records.ts';
import { sha256 } from '../signing.ts';
import type { Exchange } from './exchange.ts';
import { answerJson, Refused, readBody } from './exchange.ts';

export interface Admitted extends JoinAnswer {
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
}

/** Issues a certificate to a host of the fleet. */
export type Admit = (name: string, request: string) => Promise<Admitted>;

/** Of a token: it holds for one host, once, and not for ever. */
export interface TokenRecord {
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

const MOST_REQUEST = 16_384;
/** What strangers are told, whatever is wrong. */
const NO_TOKEN = new Refused(403, 'the token does not hold: it is used up, has ended, or is for another host');

export async function join(store: FleetStore, admit: Admit | undefined, exchange: Exchange): Promise<void> {
  if (admit === undefined)
    throw new Refused(501, 'this front issues no certificates: ask the one that has the authority');
  const { token, name, request } = fieldsOf<JoinRequest>(parseRecord(await readBody(exchange, MOST_REQUEST)));
  if (!isText(token) || !isName(name) || !isText(request)) throw new Refused(400, 'give token, name and request');
  const tokenKey = KEYS.token(sha256(Buffer.from(token)));
  const tokenEntry = await store.get(tokenKey);
  const hostEntry = await store.get(KEYS.host(name));
  const record = tokenEntry === undefined ? {} : fieldsOf<TokenRecord>(parseRecord(tokenEntry.value));
  const host = hostEntry === undefined ? undefined : readHost(parseRecord(hostEntry.value));
  const isValid = record.host === name && typeof record.expires === 'number' && Date.now() <= record.expires;
  if (!isValid || host === undefined || tokenEntry === undefined || hostEntry === undefined) throw NO_TOKEN;
  const { fingerprint, ...answer } = await admit(name, request);
  // A token that is used twice at once admits one: the other write comes too late.
  await putOrThrow(store, [
    { key: tokenKey, value: undefined, ifRevision: tokenEntry.revision },
    { key: KEYS.host(name), value: encodeRecord({ ...host, fingerprint }), ifRevision: hostEntry.revision },
  ]);
  answerJson(exchange, answer satisfies JoinAnswer);
}
