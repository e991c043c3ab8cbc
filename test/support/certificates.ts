/** An authority with a host and operators, as a test of the network needs them. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../src/base/roles.ts';
import { Authority } from '../../src/pki/authority.ts';
import { issueCertificate, readIssuer } from '../../src/pki/x509.ts';

export class TestAuthority {
  readonly folder: string;
  readonly authority: Authority;

  private constructor(folder: string) {
    this.folder = folder;
    this.authority = new Authority(folder);
  }

  static async make(folder: string): Promise<TestAuthority> {
    const made = new TestAuthority(folder);
    await made.authority.init('test', 30);
    return made;
  }

  /** The folder with the files of a host. */
  async host(name: string, ...addresses: readonly string[]): Promise<string> {
    return (await this.authority.issue({ kind: 'host', name, addresses }, 10)).folder;
  }

  /** The folder with the files of an operator. */
  async operator(name: string, role: Role): Promise<string> {
    return (await this.authority.issue({ kind: 'operator', name, role }, 10)).folder;
  }

  /** One whose certificate ended a quarter of an hour ago. */
  async expired(name: string, role: Role): Promise<string> {
    const read = (file: string): string => readFileSync(join(this.folder, file), 'utf8');
    const issuer = await readIssuer({ certificate: read('ca.crt'), key: read('ca.key') });
    const { certificate, key } = await issueCertificate(issuer, { kind: 'operator', name, role }, -0.01);
    const folder = join(this.folder, 'holders', name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'operator.crt'), certificate);
    writeFileSync(join(folder, 'operator.key'), key, { mode: 0o600 });
    copyFileSync(join(this.folder, 'ca.crt'), join(folder, 'ca.crt'));
    return folder;
  }
}
