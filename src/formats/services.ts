/** Names of services with their ports, as `/etc/services` has them: `https 443/tcp www-ssl # comment`. */
import { PROTOCOLS } from '../policy/model.ts';

/** Where the names of a policy's ports are looked up. A stored policy has its own copy. */
export const SERVICES_FILE = '/etc/services';

const PROTOCOLS_WITH_PORTS: ReadonlyMap<string, number> = new Map([
  ['tcp', PROTOCOLS.tcp],
  ['udp', PROTOCOLS.udp],
  ['sctp', PROTOCOLS.sctp],
]);
const LINE = /^\s*(?<name>[^\s#]+)\s+(?<port>\d{1,5})\/(?<protocol>[a-z]+)(?<aliases>[^#]*)/u;

/** By name, in lower case: the port by protocol number. */
export type Services = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Lines of another form are passed over, as every reader of the file does. The first of two lines for a name counts. */
export function readServices(text: string): Services {
  const services = new Map<string, Map<number, number>>();
  for (const line of text.split('\n')) {
    const groups = LINE.exec(line)?.groups;
    const protocol = PROTOCOLS_WITH_PORTS.get(groups?.['protocol'] ?? '');
    const port = Number(groups?.['port']);
    if (groups === undefined || protocol === undefined || port > 65535) continue;
    const names = [groups['name'] ?? '', ...(groups['aliases'] ?? '').split(/\s+/u)].filter((name) => name !== '');
    for (const name of names) {
      const ports = services.get(name.toLowerCase()) ?? new Map<number, number>();
      if (!ports.has(protocol)) ports.set(protocol, port);
      services.set(name.toLowerCase(), ports);
    }
  }
  return services;
}
