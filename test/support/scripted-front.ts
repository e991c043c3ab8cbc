/** A front that says what a test wants, and the host of a pair that takes its orders as web1. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '../../src/base/assert.ts';
import { encodeBundle, packBlob } from '../../src/fleet/bundle.ts';
import { signMembership } from '../../src/fleet/membership.ts';
import type { Order } from '../../src/fleet/order.ts';
import { signOrder } from '../../src/fleet/order.ts';
import type { StatusReport } from '../../src/fleet/records.ts';
import { readStatusReport } from '../../src/fleet/records.ts';
import type { Signed } from '../../src/fleet/signing.ts';
import { makeSigningKey, publicKeyText, readSigningKey, sha256 } from '../../src/fleet/signing.ts';
import { TestAuthority } from './certificates.ts';
import type { NamespacePair } from './namespaces.ts';

const ALICE = present(readSigningKey(makeSigningKey()));
const HOUR = 3_600_000;

type OrderHead = Omit<Order & { kind: 'unassign' }, 'kind'>;

export class ScriptedFront {
  static readonly port = 9479;
  readonly #pair: NamespacePair;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #seq = 1000;

  private constructor(pair: NamespacePair, folder: string) {
    this.#pair = pair;
    this.#folder = folder;
  }

  /** Listens, and the host is configured to follow it: in group `web`. `more` is of its configuration. */
  static async start(pair: NamespacePair, more: string): Promise<ScriptedFront> {
    const authority = await TestAuthority.make(join(pair.directory, 'pki'));
    const folder = await authority.host('front', pair.peer.ipv4);
    mkdirSync(join(folder, 'blobs'));
    writeFileSync(join(folder, 'lines'), '');
    writeFileSync(join(folder, 'statuses'), '');
    const own = await authority.host('web1', pair.host.ipv4);
    for (const [from, to] of [
      ['host.crt', 'fleet.crt'],
      ['host.key', 'fleet.key'],
    ] as const)
      copyFileSync(join(own, from), join(own, to));
    writeFileSync(join(own, 'operators'), `# alice\n${publicKeyText(ALICE.key)}\n`);
    const fleet = `{ fronts: ["https://${pair.peer.ipv4}:${ScriptedFront.port}"], credentials: ${own}, ${more} }`;
    writeFileSync(pair.config, `interfaces: [${pair.host.device}]\nfleet: ${fleet}\n`);
    const front = new ScriptedFront(pair, folder);
    await front.start();
    front.#send({ kind: 'hello', epoch: 'e1' });
    front.#send({ kind: 'membership', signed: signMembership({ host: 'web1', groups: ['web'], seq: 1 }, ALICE) });
    front.#current();
    return front;
  }

  async start(): Promise<void> {
    const script = 'test/support/scripted-front.mjs';
    const argv = [process.execPath, script, this.#folder, this.#pair.peer.ipv4, String(ScriptedFront.port)];
    this.#child = this.#pair.spawn(this.#pair.peer, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(present(this.#child.stdout), 'data');
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Of an order that is made now, with the next number. */
  head(target: Order['target']): OrderHead {
    const now = Date.now();
    return { target, seq: ++this.#seq, issued: now, expires: now + HOUR, previous: null, wave: null };
  }

  sign(order: Order): Signed {
    return signOrder(order, ALICE);
  }

  /** Puts the policy where the host finds it; the order for it, signed. */
  order(target: Order['target'], name: string, text: string, more: object = {}): Signed {
    const bundle = encodeBundle({ text, files: new Map() });
    writeFileSync(this.pathOf(sha256(bundle)), packBlob(bundle));
    const policy = { name, version: 1, sha256: sha256(bundle), size: bundle.length };
    return this.sign({ kind: 'policy', ...this.head(target), policy, ...more } as Order);
  }

  /** Of what the front gives by that digest. */
  pathOf(digest: string): string {
    return join(this.#folder, 'blobs', digest);
  }

  give(signed: Signed, lane = 'policy'): void {
    this.#send({ kind: 'order', lane, signed });
    this.#current();
  }

  /** The next order comes with this policy, packed, whether it names that or not. */
  bring(digest: string, packed: Uint8Array): void {
    this.#send({ kind: 'policy', sha256: digest, packed: Buffer.from(packed).toString('base64') });
  }

  /** Whether it sends away who connects from now on, as a front that has too much to do. */
  setBusy(isBusy: boolean): void {
    if (isBusy) writeFileSync(join(this.#folder, 'busy'), '');
    else rmSync(join(this.#folder, 'busy'));
    rmSync(join(this.#folder, 'sent-away'), { force: true });
  }

  /** Has it sent somebody away since it became busy? */
  get hasSentAway(): boolean {
    return existsSync(join(this.#folder, 'sent-away'));
  }

  /** What the host said of itself last. */
  status(): StatusReport | undefined {
    const line = readFileSync(join(this.#folder, 'statuses'), 'utf8').trim().split('\n').at(-1) ?? '';
    return line === '' ? undefined : readStatusReport(JSON.parse(line));
  }

  #send(line: object): void {
    appendFileSync(join(this.#folder, 'lines'), `${JSON.stringify(line)}\n`);
  }

  #current(): void {
    this.#send({ kind: 'current', revision: ++this.#seq });
  }
}
