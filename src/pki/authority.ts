/**
 * A small certificate authority for those who have none: a folder with its key, every certificate that it has issued, the
 * list of those that are revoked, and for each holder the files to be taken there. Everything is readable by its owner
 * alone.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CREDENTIAL_FILES } from '../api/credentials.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { DurableFiles } from '../store/durable.ts';
import { lockStore } from '../store/lock.ts';
import type { Credentials, Holder, IssuedCertificate, Issuer } from './x509.ts';
import {
  issueCertificate,
  issueForRequest,
  makeAuthority,
  makeRevocationList,
  readCertificate,
  readIssuer,
  readRevoked,
} from './x509.ts';

export type { Holder } from './x509.ts';

/** Days. */
export const LIFETIMES = { authority: 3650, host: 365, operator: 90 } as const;

const KEY = 'ca.key';
const ISSUED = 'issued';
const HOLDERS = 'holders';
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/iu;

export interface ListedCertificate extends IssuedCertificate {
  readonly holder: Holder;
  readonly revokedAt: Date | undefined;
}

export interface Issued {
  readonly certificate: ListedCertificate;
  /** With everything that its holder needs. */
  readonly folder: string;
}

/** Names what is wrong with a name, or undefined. */
export function nameFault(name: string): string | undefined {
  return NAME.test(name) ? undefined : 'write letters, digits, dots, hyphens and underscores, at most 63';
}

/** A host name or an address, as a client will reach the host by. */
export function addressFault(address: string): string | undefined {
  if (isIP(address) !== 0) return undefined;
  const isName = address.length <= 253 && address.split('.').every((label) => nameFault(label) === undefined);
  return isName ? undefined : 'write a host name, or an address without a port or a prefix length';
}

export class Authority {
  readonly #folder: string;
  readonly #files = new DurableFiles();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws where the folder has an authority already. */
  async init(name: string, days: number): Promise<void> {
    using _lock = lockStore(this.#folder);
    if (existsSync(this.#path(KEY))) {
      throw new EnvironmentError('XDPOL_E_PKI', `${this.#folder} has a certificate authority already`, {
        help: 'issue certificates with it: xdpol pki issue; or give another folder: --dir DIR',
      });
    }
    const made = await makeAuthority(name, days);
    const list = await makeRevocationList(await readIssuer(made), new Map());
    this.#files.makeFolder(this.#path(ISSUED));
    this.#files.makeFolder(this.#path(HOLDERS));
    this.#write(CREDENTIAL_FILES.authority, made.certificate);
    this.#write(CREDENTIAL_FILES.revoked, list);
    // Last: with it the authority is there.
    this.#write(KEY, made.key);
  }

  /** Throws where a certificate of the name is valid: it is renewed or revoked instead. */
  async issue(holder: Holder, days: number): Promise<Issued> {
    using _lock = this.#lock();
    const issuer = await this.#issuer();
    const valid = this.#validOf(holder.name)[0];
    if (valid !== undefined) {
      const until = valid.notAfter.toISOString();
      const message = `${holder.name} has a certificate of a ${valid.holder.kind} that is valid until ${until}`;
      throw new EnvironmentError('XDPOL_E_PKI', message, {
        help: `renew it: xdpol pki renew ${holder.name}; or revoke it first: xdpol pki revoke ${holder.name}`,
      });
    }
    return await this.#issueTo(issuer, holder, days);
  }

  /**
   * For a host of a fleet that has made its key itself. Certificates that it had before stay valid here: fronts accept the
   * newest alone.
   */
  async admit(name: string, request: string): Promise<ListedCertificate & { readonly pem: string }> {
    using _lock = this.#lock();
    const holder: Holder = { kind: 'host', name, addresses: [] };
    const pem = await issueForRequest(await this.#issuer(), holder, LIFETIMES.host, request);
    const certificate = { ...readCertificate(pem), holder, revokedAt: undefined };
    this.#write(join(ISSUED, `${certificate.serial}.crt`), pem);
    return { ...certificate, pem };
  }

  /** PEM texts that everybody may have. */
  get published(): { readonly authority: string; readonly revoked: string } {
    const { authority, revoked } = CREDENTIAL_FILES;
    return { authority: this.#read(authority), revoked: this.#read(revoked) };
  }

  /** A new key and certificate for the holder of the newest one. The old one stays valid to its end. */
  async renew(name: string, days: number | undefined): Promise<Issued> {
    using _lock = this.#lock();
    const issuer = await this.#issuer();
    const newest = this.list()
      .filter(({ holder }) => holder.name === name)
      .sort((a, b) => b.notAfter.getTime() - a.notAfter.getTime())[0];
    if (newest === undefined) throw this.#notIssued(name);
    return await this.#issueTo(issuer, newest.holder, days ?? LIFETIMES[newest.holder.kind]);
  }

  /** Every valid certificate of a name, or the one with a serial. Returns those that are revoked now and were not. */
  async revoke(nameOrSerial: string): Promise<readonly ListedCertificate[]> {
    using _lock = this.#lock();
    const issuer = await this.#issuer();
    const all = this.list();
    const meant = all.filter(({ holder, serial }) => holder.name === nameOrSerial || serial === nameOrSerial);
    if (meant.length === 0) throw this.#notIssued(nameOrSerial);
    const now = new Date();
    const fresh = meant.filter(({ revokedAt, notAfter }) => revokedAt === undefined && notAfter > now);
    const revoked = readRevoked(this.#read(CREDENTIAL_FILES.revoked));
    const list = new Map([...revoked, ...fresh.map(({ serial }) => [serial, now] as const)]);
    if (fresh.length > 0) this.#write(CREDENTIAL_FILES.revoked, await makeRevocationList(issuer, list));
    return fresh;
  }

  /** Everything that was issued, by name and then by end. */
  list(): readonly ListedCertificate[] {
    const revoked = readRevoked(this.#read(CREDENTIAL_FILES.revoked));
    const found = readdirSync(this.#path(ISSUED))
      .filter((file) => file.endsWith('.crt'))
      .map((file) => readCertificate(this.#read(join(ISSUED, file))))
      .flatMap((certificate): readonly ListedCertificate[] => {
        const { holder, serial } = certificate;
        return holder === undefined ? [] : [{ ...certificate, holder, revokedAt: revoked.get(serial) }];
      });
    const byNameAndEnd = (a: ListedCertificate, b: ListedCertificate): number =>
      a.holder.name.localeCompare(b.holder.name, 'en') || a.notAfter.getTime() - b.notAfter.getTime();
    return found.sort(byNameAndEnd);
  }

  /** The list of revoked certificates, for hosts. */
  get revocationList(): string {
    return this.#path(CREDENTIAL_FILES.revoked);
  }

  #validOf(name: string): readonly ListedCertificate[] {
    const now = new Date();
    return this.list().filter(
      ({ holder, revokedAt, notAfter }) => holder.name === name && revokedAt === undefined && notAfter > now,
    );
  }

  async #issueTo(issuer: Issuer, holder: Holder, days: number): Promise<Issued> {
    const made = await issueCertificate(issuer, holder, days);
    const certificate = { ...readCertificate(made.certificate), holder, revokedAt: undefined };
    this.#write(join(ISSUED, `${certificate.serial}.crt`), made.certificate);
    return { certificate, folder: this.#writeHolder(holder, made) };
  }

  /** Files with the names under which the holder's programs look for them. */
  #writeHolder({ kind, name }: Holder, made: Credentials): string {
    const folder = join(HOLDERS, name);
    this.#files.makeFolder(this.#path(folder));
    const { authority, revoked } = CREDENTIAL_FILES;
    this.#write(join(folder, CREDENTIAL_FILES[kind].key), made.key);
    this.#write(join(folder, CREDENTIAL_FILES[kind].certificate), made.certificate);
    this.#write(join(folder, authority), this.#read(authority));
    this.#write(join(folder, revoked), this.#read(revoked));
    return this.#path(folder);
  }

  async #issuer(): Promise<Issuer> {
    return await readIssuer({ certificate: this.#read(CREDENTIAL_FILES.authority), key: this.#read(KEY) });
  }

  /** Throws where there is no authority, before the folder is made for the lock. */
  #lock(): Disposable {
    this.#read(CREDENTIAL_FILES.authority);
    return lockStore(this.#folder);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #write(name: string, text: string): void {
    this.#files.write(this.#path(name), new TextEncoder().encode(text));
  }

  #read(name: string): string {
    try {
      return readFileSync(this.#path(name), 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const isThere = code !== 'ENOENT';
      const message = isThere
        ? `cannot read ${this.#path(name)}: ${code ?? String(cause)}`
        : `${this.#folder} has no certificate authority: ${name} is not there`;
      const help = isThere ? 'run the command as the owner of the folder' : 'make one: xdpol pki init';
      throw new EnvironmentError('XDPOL_E_PKI', message, { help, cause });
    }
  }

  #notIssued(name: string): EnvironmentError {
    const names = [...new Set(this.list().map(({ holder }) => holder.name))];
    return new EnvironmentError('XDPOL_E_PKI', `no certificate was issued to ${name}`, {
      help: names.length === 0 ? 'none was issued: xdpol pki issue' : `certificates have: ${names.join(', ')}`,
    });
  }
}
