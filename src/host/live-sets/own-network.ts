/** What the host lives by on the network: its own addresses, its default gateways and its resolvers. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** Addresses as the system writes them, some with a zone. */
export interface OwnNetwork {
  readonly own: readonly string[];
  readonly gateways: readonly string[];
  readonly resolvers: readonly string[];
}

const RESOLV_CONF = '/etc/resolv.conf';
/** Milliseconds. */
const KEPT = 1000;

export async function readOwnNetwork(): Promise<OwnNetwork> {
  const { defaultRoutes } = await import('libbpf-ts-bindings');
  const gateways = defaultRoutes().flatMap(({ gateway }) => gateway ?? []);
  return { own: ownAddresses(), gateways, resolvers: resolvers() };
}

/** For a process that adds members a thousand times a second: what was read stays good for a second. */
export class OwnNetworkCache {
  #kept: OwnNetwork | undefined;
  #readAt = 0;

  async read(): Promise<OwnNetwork> {
    const now = performance.now();
    if (this.#kept !== undefined && now - this.#readAt <= KEPT) return this.#kept;
    this.#kept = await readOwnNetwork();
    this.#readAt = now;
    return this.#kept;
  }
}

export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}

function resolvers(): readonly string[] {
  try {
    const lines = readFileSync(RESOLV_CONF, 'utf8').split('\n');
    return lines.flatMap((line) => /^\s*nameserver\s+(?<address>\S+)/u.exec(line)?.groups?.['address'] ?? []);
  } catch {
    return [];
  }
}
