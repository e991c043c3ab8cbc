/** The certificate authority: what it issues holds for OpenSSL too, and what it refuses. */
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { Authority, addressFault, nameFault } from '../../../src/pki/authority.ts';

let folder: string;
let authority: Authority;

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'xdpol-pki-')), 'pki');
  authority = new Authority(folder);
  await authority.init('test', 3650);
});

afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const HOST = { kind: 'host', name: 'web1', addresses: ['web1.example.net', '192.0.2.1', '2001:db8::1'] } as const;
const ALICE = { kind: 'operator', name: 'alice', role: 'administrator' } as const;

/** What OpenSSL says of a certificate, with the list of revoked ones. */
function verify(path: string, purpose: string): string {
  const files = ['-CAfile', join(folder, 'ca.crt'), '-CRLfile', join(folder, 'crl.pem')];
  const { stdout, stderr } = spawnSync(
    'openssl',
    ['verify', '-crl_check', '-x509_strict', '-purpose', purpose, ...files, path],
    { encoding: 'utf8' },
  );
  return stdout + stderr;
}

function files(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
}

describe('what is issued', () => {
  test('of a host: good for a server by its name and addresses, and as a client of its fleet', async () => {
    const { folder: at, certificate } = await authority.issue(HOST, 365);
    const path = join(at, 'host.crt');
    expect(verify(path, 'sslserver')).toContain('OK');
    expect(verify(path, 'sslclient')).toContain('OK');
    const read = new X509Certificate(readFileSync(path));
    expect(read.checkHost('web1')).toBe('web1');
    expect(read.checkHost('web1.example.net')).toBe('web1.example.net');
    expect(read.checkHost('web2')).toBeUndefined();
    expect(read.checkIP('192.0.2.1')).toBe('192.0.2.1');
    expect(read.checkIP('2001:db8::1')).toBe('2001:db8::1');
    expect(read.serialNumber.toLowerCase()).toBe(certificate.serial);
    expect(read.ca).toBe(false);
    expect(readdirSync(at).sort()).toEqual(['ca.crt', 'crl.pem', 'host.crt', 'host.key']);
  });

  test('of an operator: good for a client, with the role', async () => {
    const { folder: at } = await authority.issue(ALICE, 90);
    const path = join(at, 'operator.crt');
    expect(verify(path, 'sslclient')).toContain('OK');
    expect(verify(path, 'sslserver')).toContain('unsuitable certificate purpose');
    expect(new X509Certificate(readFileSync(path)).subjectAltName).toBe('URI:urn:xdpol:role:administrator');
    expect(authority.list()[0]?.holder).toEqual(ALICE);
  });

  test('the key belongs to the certificate', async () => {
    const { folder: at } = await authority.issue(ALICE, 90);
    const key = execFileSync('openssl', ['pkey', '-in', join(at, 'operator.key'), '-pubout'], { encoding: 'utf8' });
    const own = new X509Certificate(readFileSync(join(at, 'operator.crt'))).publicKey;
    expect(own.export({ type: 'spki', format: 'pem' })).toBe(key);
  });

  test('everything is readable by the owner alone', async () => {
    await authority.issue(HOST, 365);
    const modes = files(folder).map((path) => [path, statSync(path)] as const);
    expect(modes.length).toBeGreaterThan(8);
    for (const [path, stat] of modes) expect([path, stat.mode & 0o077]).toEqual([path, 0]);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  test('nothing outlives the authority', async () => {
    const { certificate } = await authority.issue(HOST, 99_999);
    const end = new Date(new X509Certificate(readFileSync(join(folder, 'ca.crt'))).validTo);
    expect(certificate.notAfter).toEqual(end);
  });
});

describe('renewal and revocation', () => {
  test('a renewed certificate has the same holder and another key; the old one is valid still', async () => {
    const first = await authority.issue(HOST, 1);
    const before = readFileSync(join(first.folder, 'host.key'), 'utf8');
    const second = await authority.renew('web1', undefined);
    expect(second.certificate.holder).toEqual(first.certificate.holder);
    expect(second.certificate.notAfter > first.certificate.notAfter).toBe(true);
    expect(readFileSync(join(second.folder, 'host.key'), 'utf8')).not.toBe(before);
    for (const { serial } of [first.certificate, second.certificate]) {
      expect(verify(join(folder, 'issued', `${serial}.crt`), 'sslserver')).toContain('OK');
    }
  });

  test('a name is revoked with all its certificates, a serial number alone', async () => {
    const first = (await authority.issue(ALICE, 1)).certificate;
    const second = (await authority.renew('alice', 2)).certificate;
    const host = (await authority.issue(HOST, 365)).certificate;
    const path = (serial: string): string => join(folder, 'issued', `${serial}.crt`);
    expect((await authority.revoke(first.serial)).map(({ serial }) => serial)).toEqual([first.serial]);
    expect(verify(path(first.serial), 'sslclient')).toContain('certificate revoked');
    expect(verify(path(second.serial), 'sslclient')).toContain('OK');
    expect((await authority.revoke('alice')).map(({ serial }) => serial)).toEqual([second.serial]);
    expect(verify(path(second.serial), 'sslclient')).toContain('certificate revoked');
    expect(verify(path(first.serial), 'sslclient')).toContain('certificate revoked');
    expect(verify(path(host.serial), 'sslserver')).toContain('OK');
    expect(await authority.revoke('alice')).toEqual([]);
    const listed = authority.list().map(({ holder, revokedAt }) => [holder.name, revokedAt !== undefined]);
    expect(listed).toEqual([
      ['alice', true],
      ['alice', true],
      ['web1', false],
    ]);
  });

  test('who is revoked can be given a new certificate', async () => {
    await authority.issue(ALICE, 90);
    await authority.revoke('alice');
    const { certificate } = await authority.issue({ ...ALICE, role: 'viewer' }, 90);
    expect(certificate.holder).toMatchObject({ role: 'viewer' });
  });
});

describe('what is refused', () => {
  test('a second authority in a folder, a second certificate of a name, a name without one', async () => {
    const refused = { code: 'XDPOL_E_PKI' };
    await expect(authority.init('again', 1)).rejects.toMatchObject(refused);
    await authority.issue(HOST, 365);
    await expect(authority.issue({ ...ALICE, name: 'web1' }, 1)).rejects.toMatchObject(refused);
    await expect(authority.renew('web2', undefined)).rejects.toMatchObject(refused);
    await expect(authority.revoke('web2')).rejects.toMatchObject(refused);
  });

  test('a folder without an authority', async () => {
    const none = new Authority(join(folder, 'none'));
    await expect(none.issue(HOST, 1)).rejects.toMatchObject({ code: 'XDPOL_E_PKI', help: 'make one: xdpol pki init' });
    expect(() => none.list()).toThrow('has no certificate authority');
  });

  test.each(['', '.', '..', '../x', 'a/b', 'a b', '-a', 'a\n', 'x'.repeat(64)])('the name %j', (name) => {
    expect(nameFault(name)).toBeDefined();
  });

  test.each(['', 'a b', '192.0.2.0/24', '192.0.2.1:9478', 'a..b', '*.example.net'])('the address %j', (address) => {
    expect(addressFault(address)).toBeDefined();
  });

  test.each(['web1', 'web1.example.net', '192.0.2.1', '2001:db8::1'])('but not the address %s', (address) => {
    expect(addressFault(address)).toBeUndefined();
    expect(nameFault(present(address.split('.')[0]).replaceAll(':', ''))).toBeUndefined();
  });
});
