/** Names of addresses (PTR), asked for in the background and kept: nobody waits for one. */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Addresses whose names are kept. */
const MOST_KEPT = 10_000;
/** Questions at once; addresses beyond are asked for when they are seen again. */
const MOST_ASKED = 16;
const TIMEOUT_MS = 2000;
const ADDRESS = /[\da-f:.]{3,}/giu;

export type Reverse = (address: string) => Promise<readonly string[]>;

export class HostNames {
  /** undefined: it has none, or is being asked for. */
  readonly #names = new Map<string, string | undefined>();
  readonly #reverse: Reverse;
  readonly #resolver: Resolver;
  #asked = 0;

  /** `reverse` asks for the names of an address; else the host's name servers are asked. */
  constructor(reverse?: Reverse) {
    this.#resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
    this.#reverse = reverse ?? ((address) => this.#resolver.reverse(address));
  }

  /** The name of an address, if it is known by now; if not it is asked for. */
  nameOf(address: string): string | undefined {
    if (!this.#names.has(address)) this.#ask(address);
    return this.#names.get(address);
  }

  /** Names known by now of the addresses in the text of a packet. */
  knownIn(text: string): ReadonlyMap<string, string> {
    const known = new Map<string, string>();
    for (const [found] of text.matchAll(ADDRESS)) {
      const address = isIP(found) === 0 ? found.replace(/:\d+$/u, '') : found;
      const name = isIP(address) === 0 ? undefined : this.nameOf(address);
      if (name !== undefined) known.set(address, name);
    }
    return known;
  }

  /** Gives up what is not answered yet. */
  end(): void {
    this.#resolver.cancel();
  }

  #ask(address: string): void {
    if (this.#asked >= MOST_ASKED) return;
    const oldest = this.#names.size >= MOST_KEPT ? this.#names.keys().next().value : undefined;
    if (oldest !== undefined) this.#names.delete(oldest);
    this.#asked++;
    this.#names.set(address, undefined);
    void this.#reverse(address)
      .then(
        ([name]) => this.#names.set(address, name === undefined ? undefined : printable(name)),
        () => undefined,
      )
      .finally(() => {
        this.#asked--;
      });
  }
}

/** Whoever owns an address says what its name is: it may be anything. */
function printable(name: string): string | undefined {
  return /^[\w.-]{1,253}$/u.test(name) ? name : undefined;
}
