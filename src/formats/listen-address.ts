/** Where an HTTP server listens, as text. */

export interface ListenAddress {
  /** undefined: every address of the host, IPv6 and IPv4. */
  readonly host: string | undefined;
  /** 0: any free one. */
  readonly port: number;
}

const MAX_PORT = 65535;
/** IPv6 in brackets, or anything without a colon, or nothing; then the port. */
const LISTEN = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/u;

export const LISTEN_HELP = 'write 127.0.0.1:9477, [::1]:9477, or :9477 for every address';

/** `ADDRESS:PORT`, `[IPV6]:PORT`, or `:PORT` for every address; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const groups = LISTEN.exec(text)?.groups;
  const port = Number(groups?.['port']);
  if (groups === undefined || port > MAX_PORT) return undefined;
  const host = groups['ipv6'] ?? groups['host'];
  return { host: host === '' ? undefined : host, port };
}
