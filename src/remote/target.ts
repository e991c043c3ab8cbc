/** From the name of a known host to what a connection to it needs. */
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { CREDENTIAL_FILES, readCredential } from '../api/credentials.ts';
import type { TlsAddress } from '../api/request.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { findClosest } from '../base/suggest.ts';
import { readIfThere } from '../store/file-system.ts';
import { clientFolder, KnownHosts } from './known-hosts.ts';

const { authority, operator, revoked } = CREDENTIAL_FILES;

const READING = {
  why: 'another host asks for a certificate, and ',
  help: 'take the files there that xdpol pki issue operator NAME --role ROLE has made: see docs/remote.md',
} as const;

/** Throws EnvironmentError where the host is not known, or a file of the user's is missing or damaged. */
export function remoteTarget(name: string, folder: string = clientFolder()): TlsAddress {
  const hosts = new KnownHosts(folder);
  const host = hosts.find(name);
  if (host === undefined) {
    const guess = findClosest(
      name,
      hosts.list().map((known) => known.name),
    );
    const help = `add it: xdpol host add ${name} https://${name}:9478`;
    throw new EnvironmentError('XDPOL_E_UNKNOWN_HOST', `${name} is no known host`, {
      help: guess === undefined ? help : `did you mean ${guess}? Or ${help}`,
    });
  }
  const [ca, cert, key] = [authority, operator.certificate, operator.key].map((file) =>
    readCredential(folder, file, READING),
  );
  const crl = readIfThere(join(folder, revoked));
  const tls = { ca, crl, cert, key, minVersion: 'TLSv1.3' } as const;
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw new EnvironmentError('XDPOL_E_CREDENTIALS', `the files of ${folder} are damaged or of different holders`, {
      help: `see which: openssl x509 -noout -subject -in ${join(folder, operator.certificate)}; take them there again`,
      cause,
    });
  }
  return { name: host.name, url: new URL(host.url), tls };
}
