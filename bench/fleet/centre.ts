/** The centre of a fleet for a bench: a folder that the product made, its store with many hosts in it, and a front. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { present } from '../../src/base/assert.ts';
import { putOrThrow } from '../../src/fleet/check-puts.ts';
import { EmbeddedStore } from '../../src/fleet/embedded/embedded-store.ts';
import { EtcdStore } from '../../src/fleet/etcd/etcd-store.ts';
import type { FleetStore, Put } from '../../src/fleet/fleet-store.ts';
import { MOST_PUTS } from '../../src/fleet/fleet-store.ts';
import { FrontStore } from '../../src/fleet/front-store.ts';
import { digestOfAuthority } from '../../src/fleet/join-token.ts';
import { signMembership } from '../../src/fleet/membership.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import { encodeRecord } from '../../src/fleet/records.ts';
import type { SigningKey } from '../../src/fleet/signing.ts';
import { encodeSigned, readSigningKey } from '../../src/fleet/signing.ts';
import type { AgentIdentity } from './messages.ts';
import { ServerProcess } from './server-process.ts';

export type StoreKind = 'embedded' | 'etcd';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Of the network namespace that the case has to itself. */
const ADDRESS = '127.0.0.1';
const FRONT = `https://${ADDRESS}:9479`;
const ETCD = `https://${ADDRESS}:2379`;
const ETCD_PEER = `http://${ADDRESS}:2380`;
/** Each host is in one of them. */
export const GROUPS = 20;
const TRIES = 100;
const PAUSE = 100;

export class Centre implements AsyncDisposable {
  readonly folder: string;
  readonly front: string = FRONT;
  readonly #store: StoreKind;
  #etcd: ServerProcess | undefined;
  #running: ServerProcess | undefined;

  private constructor(folder: string, store: StoreKind) {
    this.folder = folder;
    this.#store = store;
  }

  static make(store: StoreKind): Centre {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    const parent = mkdtempSync(join(tmpdir(), 'xdpol-bench-fleet-'));
    const centre = new Centre(join(parent, 'centre'), store);
    const init = ['fleet', 'init', '--dir', centre.folder, '--address', ADDRESS];
    execFileSync(process.execPath, [COMMAND, ...init], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (store === 'etcd') centre.#etcd = new ServerProcess(centre.#etcdCommand());
    return centre;
  }

  read(...path: readonly string[]): string {
    return readFileSync(join(this.folder, ...path), 'utf8');
  }

  get key(): SigningKey {
    return present(readSigningKey(this.read('signing.key')));
  }

  get operators(): readonly string[] {
    return this.read('operators').trim().split('\n');
  }

  get frontProcess(): ServerProcess {
    return present(this.#running, 'no front runs');
  }

  /** undefined where the front itself has the store. */
  get storeProcess(): ServerProcess | undefined {
    return this.#etcd;
  }

  /** Hosts that have joined, each in a group. Before a front runs. */
  async addHosts(agents: readonly AgentIdentity[]): Promise<void> {
    await using store = await this.#openStore();
    const groups = Array.from({ length: GROUPS }, (_, at): Put => {
      const record = { name: `group-${at}`, priority: at, selector: null };
      return { key: KEYS.group(record.name), value: encodeRecord(record), ifRevision: 0 };
    });
    const { key } = this;
    const puts = agents.flatMap(({ name, certificate }, at): readonly Put[] => {
      const own = [`group-${at % GROUPS}`];
      const host = { name, labels: {}, groups: own, fingerprint: digestOfAuthority(certificate) };
      const membership = signMembership({ host: name, groups: own, seq: 1 }, key);
      return [
        { key: KEYS.host(name), value: encodeRecord(host), ifRevision: 0 },
        { key: KEYS.membership(name), value: encodeSigned(membership), ifRevision: 0 },
      ];
    });
    const all = [...groups, ...puts];
    for (let at = 0; at < all.length; at += MOST_PUTS) await putOrThrow(store, all.slice(at, at + MOST_PUTS));
  }

  /** The product's own command, as a service starts it. */
  async startFront(): Promise<void> {
    const command = ['fleet', 'front', '--dir', this.folder, '--listen', `${ADDRESS}:9479`];
    const more = this.#store === 'etcd' ? ['--etcd', ETCD] : [];
    this.#running = new ServerProcess([process.execPath, COMMAND, ...command, ...more]);
    await this.#running.firstLine();
  }

  async killFront(): Promise<void> {
    await this.#running?.kill();
    this.#running = undefined;
  }

  /** As an operator's command asks a front. */
  operatorStore(): FrontStore {
    const read = (file: string): string => this.read('operator', file);
    const tls = { ca: read('ca.crt'), crl: read('crl.pem'), cert: read('operator.crt'), key: read('operator.key') };
    return new FrontStore(FRONT, { ...tls, minVersion: 'TLSv1.3' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killFront();
    await this.#etcd?.kill();
    rmSync(join(this.folder, '..'), { recursive: true, force: true });
  }

  async #openStore(): Promise<FleetStore> {
    if (this.#store === 'embedded') return new EmbeddedStore(join(this.folder, 'store'));
    const read = (file: string): string => this.read('front', file);
    const store = new EtcdStore([ETCD], { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key') });
    for (let tries = 0; ; tries += 1) {
      try {
        await store.put([{ key: KEYS.epoch, value: Buffer.from(randomBytes(16).toString('hex')), ifRevision: 0 }]);
        return store;
      } catch (error) {
        if (tries > TRIES) throw error;
        await sleep(PAUSE);
      }
    }
  }

  #etcdCommand(): readonly string[] {
    const file = (name: string): string => join(this.folder, 'front', name);
    return [
      ...['etcd', '--name', 'm', '--data-dir', join(this.folder, 'etcd'), '--log-level', 'error', '--logger', 'zap'],
      ...['--listen-client-urls', ETCD, '--advertise-client-urls', ETCD],
      ...['--listen-peer-urls', ETCD_PEER, '--initial-advertise-peer-urls', ETCD_PEER],
      ...['--initial-cluster', `m=${ETCD_PEER}`, '--cert-file', file('host.crt'), '--key-file', file('host.key')],
      ...['--trusted-ca-file', file('ca.crt'), '--client-cert-auth'],
    ];
  }
}
