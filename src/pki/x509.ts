/** Certificates and lists of revoked ones, as X.509 has them. ECDSA with P-256 throughout. */
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { ROLE_URI } from '../api/credentials.ts';
import type { Role } from '../base/roles.ts';
import { isRole } from '../base/roles.ts';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Milliseconds that a certificate is valid before it was made, for clocks that are behind. */
const CLOCK_SKEW = 3_600_000;
const DAY = 86_400_000;
const LIST_LABEL = 'X509 CRL';

/** An issuer that can sign. */
export interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

/** PEM texts. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

export type CertificateKind = 'host' | 'operator';

/** What a certificate says of its holder. */
export type Holder =
  | { readonly kind: 'host'; readonly name: string; readonly addresses: readonly string[] }
  | { readonly kind: 'operator'; readonly name: string; readonly role: Role };

export interface IssuedCertificate {
  /** undefined where the certificate is of neither kind. */
  readonly holder: Holder | undefined;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Positive, and 16 bytes long in any case. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function validity(days: number, now: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now - CLOCK_SKEW), notAfter: new Date(now + days * DAY) };
}

/** A certificate authority that signs certificates of holders, and no further authorities. */
export async function makeAuthority(name: string, days: number): Promise<Credentials> {
  const keys = await newKeys();
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [name] }],
    ...validity(days, Date.now()),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await pemOfKey(keys.privateKey) };
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

/** Throws where a text is none. */
export async function readIssuer({ certificate, key }: Credentials): Promise<Issuer> {
  const pkcs8 = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  return {
    certificate: new x509.X509Certificate(certificate),
    key: await webcrypto.subtle.importKey('pkcs8', pkcs8, CURVE, false, ['sign']),
  };
}

function namesOf(holder: Holder): x509.JsonGeneralNames {
  if (holder.kind === 'operator') return [{ type: 'url', value: `${ROLE_URI}${holder.role}` }];
  const names = [...new Set([holder.name, ...holder.addresses])];
  return names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
}

/** Ends no later than the issuer's own certificate. */
export async function issueCertificate(issuer: Issuer, holder: Holder, days: number): Promise<Credentials> {
  const keys = await newKeys();
  return { certificate: await certify(issuer, holder, days, keys.publicKey), key: await pemOfKey(keys.privateKey) };
}

/** For the key of a request. The names in the request do not count. Throws where it is damaged or of another kind of key. */
export async function issueForRequest(issuer: Issuer, holder: Holder, days: number, pem: string): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error('whoever made the request does not have its key');
  const publicKey = (await request.publicKey.export(CURVE, ['verify'])) as webcrypto.CryptoKey;
  return await certify(issuer, holder, days, publicKey);
}

/** A new key, and a request for a certificate of its. */
export async function makeRequest(name: string): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: SIGNING,
  });
  return { request: `${request.toString('pem')}\n`, key: await pemOfKey(keys.privateKey) };
}

async function certify(issuer: Issuer, holder: Holder, days: number, publicKey: webcrypto.CryptoKey): Promise<string> {
  const { notBefore, notAfter } = validity(days, Date.now());
  const end = issuer.certificate.notAfter;
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  // A host asks the front of its fleet. No agent takes it for an operator.
  const usages = holder.kind === 'host' ? [serverAuth, clientAuth] : [clientAuth];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [holder.name] }],
    issuer: issuer.certificate.subjectName,
    notBefore,
    notAfter: notAfter < end ? notAfter : end,
    publicKey,
    signingKey: issuer.key,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages, true),
      new x509.SubjectAlternativeNameExtension(namesOf(holder)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return pemOf(certificate);
}

/** Throws where the text is no certificate. */
export function readCertificate(pem: string): IssuedCertificate {
  const certificate = new x509.X509Certificate(pem);
  const { serialNumber, notBefore, notAfter } = certificate;
  return { holder: holderOf(certificate), serial: serialNumber.toLowerCase(), notBefore, notAfter };
}

function holderOf(certificate: x509.X509Certificate): Holder | undefined {
  const [name] = certificate.subjectName.getField('CN');
  const usages = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  if (name === undefined) return undefined;
  if (usages.includes(x509.ExtendedKeyUsage.serverAuth)) {
    const addresses = names.map(({ value }) => value).filter((value) => value !== name);
    return { kind: 'host', name, addresses };
  }
  const role = names.find(({ value }) => value.startsWith(ROLE_URI))?.value.slice(ROLE_URI.length);
  return role !== undefined && isRole(role) ? { kind: 'operator', name, role } : undefined;
}

/** By serial. */
export type Revoked = ReadonlyMap<string, Date>;

/**
 * The list ends with the authority: one that had ended would make a host refuse everybody, so that a list that nobody
 * brought anew would lock out its operators.
 */
export async function makeRevocationList(issuer: Issuer, revoked: Revoked): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.certificate.subjectName,
    thisUpdate: new Date(Date.now() - CLOCK_SKEW),
    nextUpdate: issuer.certificate.notAfter,
    entries: [...revoked].map(([serialNumber, revocationDate]) => ({ serialNumber, revocationDate })),
    signingKey: issuer.key,
    signingAlgorithm: SIGNING,
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey)],
  });
  // The library's own word before the lines, CRL, is not the one that OpenSSL knows.
  return `${x509.PemConverter.encode(list.rawData, LIST_LABEL)}\n`;
}

/** Throws where the text is no list. */
export function readRevoked(pem: string): Revoked {
  const [list = new ArrayBuffer(0)] = x509.PemConverter.decode(pem);
  return new Map(
    new x509.X509Crl(list).entries.map(({ serialNumber, revocationDate }) => [
      serialNumber.toLowerCase(),
      revocationDate,
    ]),
  );
}
