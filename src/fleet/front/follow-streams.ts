/** The streams of the hosts that are connected. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Lane } from '../fleet-names.ts';
import type { FollowLine } from '../front-routes.ts';
import { BEAT } from '../front-routes.ts';
import { readOnce } from '../read-once.ts';
import type { Signed } from '../signing.ts';
import type { Hub, Told } from './hub.ts';
import type { HostPeer } from './peer.ts';
import type { Telling, Tellings } from './tellings.ts';

interface Following {
  readonly stream: ServerHttp2Stream;
  /** Of the certificate that the host came with. */
  readonly fingerprint: string;
  /** Signatures of what it has, of which those that still count are remembered. */
  sent: ReadonlySet<string>;
  /** SHA-256 of the policy that it has, or that was sent along; undefined: it takes none. */
  has: string | undefined;
}

/** What a host has when it comes. */
export interface Had {
  /** The revision up to which it was told everything. */
  readonly since: number;
  /** See FollowQuery. */
  readonly has: string | undefined;
}

export class FollowStreams {
  readonly #hub: () => Hub;
  readonly #tellings: Tellings;
  readonly #following = new Map<string, Following>();
  #scheduled = false;
  readonly #changed = new Set<string>();
  #areAllChanged = false;

  constructor(hub: () => Hub, tellings: Tellings) {
    this.#hub = hub;
    this.#tellings = tellings;
  }

  get count(): number {
    return this.#following.size;
  }

  /** A host has one stream: an older one is a connection that it has lost. */
  add({ name: host, fingerprint }: HostPeer, stream: ServerHttp2Stream, { since, has }: Had): void {
    this.#following.get(host)?.stream.close();
    const following: Following = { stream, fingerprint, sent: new Set(), has };
    this.#following.set(host, following);
    const beat = setInterval(() => stream.write('\n'), BEAT * 1000);
    stream.once('close', () => {
      clearInterval(beat);
      if (this.#following.get(host) === following) this.#following.delete(host);
    });
    stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
    const lines = this.#freshFor(host, following, since);
    this.#tell([{ host, following, lines }], textOf({ kind: 'hello', epoch: this.#hub().epoch }));
  }

  /** Before the next turn of the event loop, so that many changes are told together. */
  changed(host: string | undefined): void {
    if (host === undefined) this.#areAllChanged = true;
    else this.#changed.add(host);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#tellChanged());
  }

  endAll(): void {
    for (const { stream } of this.#following.values()) stream.close();
  }

  #tellChanged(): void {
    this.#scheduled = false;
    const hosts = this.#areAllChanged ? [...this.#following.keys()] : [...this.#changed];
    this.#areAllChanged = false;
    this.#changed.clear();
    this.#tell(hosts.flatMap((host) => this.#newsFor(host)));
  }

  #newsFor(host: string): readonly News[] {
    const following = this.#following.get(host);
    if (following === undefined) return [];
    if (this.#hub().hosts.known.get(host)?.value.fingerprint !== following.fingerprint) {
      // A host that was removed, or that has another certificate by now, is told nothing more.
      following.stream.close();
      return [];
    }
    const lines = this.#freshFor(host, following, -1);
    return lines.length === 0 ? [] : [{ host, following, lines }];
  }

  /** What the host has is not sent again: known by its revision where the host just came, else by its signature. */
  #freshFor(host: string, following: Following, since: number): readonly Told['line'][] {
    const told = this.#hub().tell(host);
    // A host whose groups changed meanwhile has not seen the orders of the new ones, however old they are.
    const isElsewhere = told.some(({ line, revision }) => line.kind === 'membership' && revision > since);
    const known = isElsewhere ? -1 : since;
    const fresh = told.filter(({ line, revision }) => !following.sent.has(line.signed.signature) && revision > known);
    following.sent = new Set(told.map(({ line }) => line.signed.signature));
    return fresh.map(({ line }) => line);
  }

  #tell(all: readonly News[], before = ''): void {
    const current = textOf({ kind: 'current', revision: this.#hub().revision, hosts: all.length });
    const tellings = all.map(({ host, following, lines }): Telling => {
      const text = `${before}${lines.map(textOf).join('')}${current}`;
      return { stream: following.stream, text, policy: this.#policyFor(host, following, lines) };
    });
    this.#tellings.add(tellings);
  }

  /** Each policy is sent along once: a host that does not keep it fetches it. */
  #policyFor(host: string, following: Following, lines: News['lines']): string | undefined {
    const isBans = lines.every((line) => line.kind === 'order' && line.lane === 'bans');
    if (following.has === undefined || isBans) return undefined;
    const sha256 = this.#hub().policyFor(host)?.sha256;
    if (sha256 === undefined || sha256 === following.has) return undefined;
    following.has = sha256;
    return sha256;
  }
}

/** What a host does not have yet. */
interface News {
  readonly host: string;
  readonly following: Following;
  readonly lines: readonly Told['line'][];
}

/** The same for all hosts of an order. */
const ORDER_TEXTS: Readonly<Record<Lane, (signed: Signed) => string>> = {
  policy: readOnce((signed) => `${JSON.stringify({ kind: 'order', lane: 'policy', signed })}\n`),
  bans: readOnce((signed) => `${JSON.stringify({ kind: 'order', lane: 'bans', signed })}\n`),
};

function textOf(line: FollowLine): string {
  return line.kind === 'order' ? ORDER_TEXTS[line.lane](line.signed) : `${JSON.stringify(line)}\n`;
}
