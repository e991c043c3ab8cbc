/** A command that resolves names by a file of its own, and has no DNS server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespacePair } from './namespaces.ts';

/** `hosts` is in the form of /etc/hosts; what is written to the file later counts from then on. */
export function withHosts(pair: NamespacePair, hosts: string, argv: readonly string[]): readonly string[] {
  const [hostsFile, servers] = ['hosts', 'resolv.conf'].map((name) => join(pair.directory, name)) as [string, string];
  writeFileSync(hostsFile, hosts);
  writeFileSync(servers, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  const mount = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"';
  return ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', mount, 'sh', hostsFile, servers, ...argv];
}
