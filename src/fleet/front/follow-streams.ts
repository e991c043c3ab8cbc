/** The streams of the hosts that are connected. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Lane } from '../fleet-names.ts';
import type { FollowLine } from '../front-routes.ts';
import { BEAT } from '../front-routes.ts';
import { readOnce } from '../read-once.ts';
import type { Signed } from '../signing.ts';
import type { Hub, Told } from './hub.ts';
import type { HostPeer } from './peer.ts';

/** Bytes that wait for a host that does not read: then its stream ends, and it begins again. */
const MOST_WAITING = 8_388_608;

interface Following {
  readonly stream: ServerHttp2Stream;
  /** Of the certificate that the host came with. */
  readonly fingerprint: string;
  /** Signatures of what it has, of which those that still count are remembered. */
  sent: ReadonlySet<string>;
}

export class FollowStreams {
  readonly #hub: () => Hub;
  readonly #following = new Map<string, Following>();
  #scheduled = false;
  readonly #changed = new Set<string>();
  #areAllChanged = false;

  constructor(hub: () => Hub) {
    this.#hub = hub;
  }

  get count(): number {
    return this.#following.size;
  }

  /** A host has one stream: an older one is a connection that it has lost. */
  add({ name: host, fingerprint }: HostPeer, stream: ServerHttp2Stream, since: number): void {
    this.#following.get(host)?.stream.close();
    const following: Following = { stream, fingerprint, sent: new Set() };
    this.#following.set(host, following);
    const beat = setInterval(() => stream.write('\n'), BEAT * 1000);
    stream.once('close', () => {
      clearInterval(beat);
      if (this.#following.get(host) === following) this.#following.delete(host);
    });
    stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' });
    write(following, { kind: 'hello', epoch: this.#hub().epoch });
    this.#send(following, this.#freshFor(host, following, since), 1);
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
    const told = hosts.flatMap((host) => this.#tellingOf(host));
    for (const { following, lines } of told) this.#send(following, lines, told.length);
  }

  #tellingOf(host: string): readonly Telling[] {
    const following = this.#following.get(host);
    if (following === undefined) return [];
    if (this.#hub().hosts.known.get(host)?.value.fingerprint !== following.fingerprint) {
      // A host that was removed, or that has another certificate by now, is told nothing more.
      following.stream.close();
      return [];
    }
    const lines = this.#freshFor(host, following, -1);
    return lines.length === 0 ? [] : [{ following, lines }];
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

  #send(following: Following, lines: readonly Told['line'][], hosts: number): void {
    for (const line of lines) writeText(following, line.kind === 'order' ? orderText(line) : JSON.stringify(line));
    write(following, { kind: 'current', revision: this.#hub().revision, hosts });
    if (following.stream.writableLength > MOST_WAITING) following.stream.close();
  }
}

/** What a host does not have yet. */
interface Telling {
  readonly following: Following;
  readonly lines: readonly Told['line'][];
}

type OrderLine = Extract<FollowLine, { readonly kind: 'order' }>;

const ORDER_TEXTS: Readonly<Record<Lane, (signed: Signed) => string>> = {
  policy: readOnce((signed) => JSON.stringify({ kind: 'order', lane: 'policy', signed })),
  bans: readOnce((signed) => JSON.stringify({ kind: 'order', lane: 'bans', signed })),
};

function orderText({ lane, signed }: OrderLine): string {
  return ORDER_TEXTS[lane](signed);
}

function write(following: Following, line: FollowLine): void {
  writeText(following, JSON.stringify(line));
}

function writeText({ stream }: Following, text: string): void {
  if (!stream.destroyed) stream.write(`${text}\n`);
}
