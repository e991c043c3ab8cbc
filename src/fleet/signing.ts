/**
 * Statements that are signed with ed25519. What is signed is bytes behind the name of their purpose, so that a signature of
 * one purpose fits no other; the bytes travel as they were signed and are never written anew.
 */
import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { fieldsOf, isText, parseJson } from '../store/json-fields.ts';

export type Purpose = 'order' | 'membership';

/** As it is stored and sent. */
export interface Signed {
  /** Of the key that signed: see keyIdOf. */
  readonly keyId: string;
  /** The bytes that were signed, base64. */
  readonly body: string;
  /** Base64. */
  readonly signature: string;
}

/** Public keys of operators by their ids: what a host takes orders from. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

const PUBLIC_KEY = /^ed25519:(?<raw>[A-Za-z0-9+/]{43}=)$/u;
/** Of an ed25519 key as SubjectPublicKeyInfo, before its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
/** Characters of a signed statement: a wave that names thousands of hosts, or thousands of bans, in base64. */
export const MOST_SIGNED = 1_000_000;

export interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function isDigest(text: unknown): text is string {
  return isText(text) && /^[0-9a-f]{64}$/u.test(text);
}

/** The 32 bytes of the public key, or of that of a private one. */
function rawOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(SPKI_HEAD.length);
}

/** 32 hexadecimal digits of the SHA-256 of the public key. */
export function keyIdOf(key: KeyObject): string {
  return sha256(rawOf(key)).slice(0, 32);
}

/** `ed25519:` and 32 bytes in base64: one line, for a configuration. */
export function publicKeyText(key: KeyObject): string {
  return `ed25519:${rawOf(key).toString('base64')}`;
}

/** undefined where the text is none. */
export function readPublicKey(text: string): KeyObject | undefined {
  const raw = PUBLIC_KEY.exec(text)?.groups?.['raw'];
  if (raw === undefined) return undefined;
  try {
    return createPublicKey({
      key: Buffer.concat([SPKI_HEAD, Buffer.from(raw, 'base64')]),
      format: 'der',
      type: 'spki',
    });
  } catch {
    return undefined;
  }
}

/** Lines that are no keys are left out: the caller says which, with readPublicKey. */
export function trustedKeys(texts: readonly string[]): TrustedKeys {
  const keys = texts.map(readPublicKey).filter((key) => key !== undefined);
  return new Map(keys.map((key) => [keyIdOf(key), key]));
}

/** A new key, as the PEM text that is kept. */
export function makeSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** undefined where the text is no private key of ed25519. */
export function readSigningKey(pem: string): SigningKey | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? { id: keyIdOf(key), key } : undefined;
  } catch {
    return undefined;
  }
}

function signedBytes(purpose: Purpose, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`xdpol-fleet-${purpose}-v1\0`), body]);
}

export function signBody(purpose: Purpose, body: Uint8Array, { id, key }: SigningKey): Signed {
  const signature = sign(null, signedBytes(purpose, body), key);
  return { keyId: id, body: Buffer.from(body).toString('base64'), signature: signature.toString('base64') };
}

/** undefined where the value is no signed statement; whether its signature holds is another question. */
export function readSigned(value: unknown): Signed | undefined {
  const { keyId, body, signature } = fieldsOf<Signed>(value);
  if (!isText(keyId) || !isText(body) || !isText(signature)) return undefined;
  return body.length <= MOST_SIGNED ? { keyId, body, signature } : undefined;
}

export function bodyOf(signed: Signed): Uint8Array {
  return Buffer.from(signed.body, 'base64');
}

/** What is in the body, unread: it is believed only once the signature was checked. */
export function parseBody(signed: Signed): unknown {
  return parseJson(Buffer.from(bodyOf(signed)).toString('utf8'));
}

export type SignatureFault = 'unknown-key' | 'bad-signature';

/** undefined where a trusted key signed exactly these bytes for this purpose. */
export function signatureFault(purpose: Purpose, signed: Signed, keys: TrustedKeys): SignatureFault | undefined {
  const key = keys.get(signed.keyId);
  if (key === undefined) return 'unknown-key';
  const signature = Buffer.from(signed.signature, 'base64');
  return verify(null, signedBytes(purpose, bodyOf(signed)), key, signature) ? undefined : 'bad-signature';
}

export function encodeSigned({ keyId, body, signature }: Signed): Uint8Array {
  return Buffer.from(JSON.stringify({ keyId, body, signature }));
}

export function decodeSigned(bytes: Uint8Array): Signed | undefined {
  return readSigned(parseJson(Buffer.from(bytes).toString('utf8')));
}
