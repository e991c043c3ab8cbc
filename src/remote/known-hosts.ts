/** The hosts that this user reaches by name, and the files with which he proves who he is: a folder of his. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import { DurableFiles } from '../store/durable.ts';
import { lockStore } from '../store/lock.ts';

export interface KnownHost {
  readonly name: string;
  /** `https://HOST:PORT`, without a path. */
  readonly url: string;
}

/** Where an agent answers other hosts, unless another port is given. */
const REMOTE_PORT = 9478;
const FILE = 'hosts.json';

/** XDPOL_CLIENT_DIR, else xdpol in the folder where the user keeps settings. */
export function clientFolder(): string {
  const { XDPOL_CLIENT_DIR: named = '', XDG_CONFIG_HOME: settings = '' } = process.env;
  if (named !== '') return named;
  return join(settings === '' ? join(homedir(), '.config') : settings, 'xdpol');
}

/** An address as people write it as a URL; undefined where it is none, or not one of HTTPS without a path. */
export function parseHostUrl(text: string): string | undefined {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url === null || url.protocol !== 'https:' || url.hostname === '') return undefined;
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  if (!isBare) return undefined;
  // The parser leaves 443 out, which may have been written.
  const port = /:443\/?$/u.test(text) ? '443' : url.port || String(REMOTE_PORT);
  return `https://${url.hostname}:${port}`;
}

/** By name, whatever its case. */
function isNamed(name: string): (host: KnownHost) => boolean {
  const wanted = name.toLowerCase();
  return (host) => host.name.toLowerCase() === wanted;
}

export class KnownHosts {
  readonly #folder: string;
  readonly #files = new DurableFiles();

  constructor(folder: string = clientFolder()) {
    this.#folder = folder;
  }

  list(): readonly KnownHost[] {
    const path = join(this.#folder, FILE);
    try {
      return decode(readFileSync(path, 'utf8'));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new EnvironmentError('XDPOL_E_FILE', `cannot read the known hosts in ${path}: ${String(cause)}`, {
        help: 'correct the file, or remove it and add the hosts again: xdpol host add NAME URL',
        cause,
      });
    }
  }

  find(name: string): KnownHost | undefined {
    return this.list().find(isNamed(name));
  }

  /** In the place of one of the same name. */
  add(host: KnownHost): void {
    this.#change((hosts) => [...hosts.filter((other) => !isNamed(host.name)(other)), host]);
  }

  /** False where there was none. */
  remove(name: string): boolean {
    if (this.find(name) === undefined) return false;
    this.#change((hosts) => hosts.filter((other) => !isNamed(name)(other)));
    return true;
  }

  #change(edit: (hosts: readonly KnownHost[]) => readonly KnownHost[]): void {
    using _lock = lockStore(this.#folder);
    const hosts = [...edit(this.list())].sort((a, b) => a.name.localeCompare(b.name, 'en'));
    const entries = Object.fromEntries(hosts.map(({ name, url }) => [name, { url }]));
    this.#files.write(join(this.#folder, FILE), new TextEncoder().encode(`${JSON.stringify(entries, null, 2)}\n`));
  }
}

/** Throws where the text is not that of a file of known hosts. */
function decode(text: string): readonly KnownHost[] {
  const entries = JSON.parse(text) as Readonly<Record<string, { readonly url?: unknown } | null>>;
  return Object.entries(entries).map(([name, entry]) => {
    const url = typeof entry?.url === 'string' ? parseHostUrl(entry.url) : undefined;
    if (url === undefined) throw new Error(`${name} has no url such as https://${name}:${REMOTE_PORT}`);
    return { name, url };
  });
}
