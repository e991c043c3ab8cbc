/** A whole fleet on loopback: three members of etcd with TLS, fronts with stores of their own, and hosts that write down. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { EnvironmentError } from '../../src/base/environment-error.ts';
import type { Intent } from '../../src/fleet/centre/change.ts';
import { giveOrder, orderedPolicy, publishPolicy, putGroup, putHost } from '../../src/fleet/centre/change.ts';
import { takeSnapshot } from '../../src/fleet/centre/snapshot.ts';
import { EtcdStore } from '../../src/fleet/etcd/etcd-store.ts';
import type { Target } from '../../src/fleet/fleet-names.ts';
import { Front } from '../../src/fleet/front/front.ts';
import { digestOfAuthority } from '../../src/fleet/join-token.ts';
import type { OrderedPolicy } from '../../src/fleet/order.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import type { SigningKey } from '../../src/fleet/signing.ts';
import { makeSigningKey, publicKeyText, readSigningKey, sha256 } from '../../src/fleet/signing.ts';
import { TestAuthority } from './certificates.ts';
import { EtcdCluster, freePort } from './etcd-cluster.ts';
import { RecordingHost } from './recording-host.ts';

/** Milliseconds. */
const PATIENCE = 25_000;
const LOOK = 20;
const FRONTS = [0, 1];

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

interface Running {
  readonly front: Front;
  readonly store: EtcdStore;
}

export class FleetSite implements AsyncDisposable {
  readonly key: SigningKey = present(readSigningKey(makeSigningKey()));
  readonly hosts: RecordingHost[] = [];
  readonly folder: string;
  readonly cluster: EtcdCluster;
  readonly admin: EtcdStore;
  /** Digests of the policies that each target was ever ordered. */
  readonly ordered: Map<Target, Set<string>> = new Map();
  /** Of each host: the names of its groups. */
  readonly groups: Map<string, readonly string[]> = new Map();
  readonly #authority: TestAuthority;
  readonly #tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly #ports: readonly number[];
  readonly #fronts: (Running | undefined)[] = [];
  readonly #bundles = new Map<string, Uint8Array>();
  #policies = 0;

  private constructor(
    made: { folder: string; authority: TestAuthority; credentials: string; ports: readonly number[] },
    cluster: EtcdCluster,
  ) {
    const read = (name: string): string => readFileSync(join(made.credentials, name), 'utf8');
    this.folder = made.folder;
    this.cluster = cluster;
    this.#authority = made.authority;
    this.#ports = made.ports;
    this.#tls = { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key') };
    this.admin = this.openStore(cluster.urls);
  }

  static async start(groups: Readonly<Record<string, readonly string[]>>): Promise<FleetSite> {
    const folder = mkdtempSync(join(tmpdir(), 'xdpol-fleet-site-'));
    const authority = await TestAuthority.make(join(folder, 'pki'));
    const credentials = await authority.host('front', 'localhost', '127.0.0.1');
    const ports = await Promise.all(FRONTS.map(async () => await freePort()));
    const cluster = await EtcdCluster.start(folder, credentials);
    const site = new FleetSite({ folder, authority, credentials, ports }, cluster);
    await site.answered(async () => await site.admin.get(KEYS.epoch));
    await site.admin.put([{ key: KEYS.epoch, value: Buffer.from('first'), ifRevision: 0 }]);
    for (const [group, names] of Object.entries(groups)) {
      await putGroup(site.admin, site.key, { name: group, priority: 1, selector: `role = ${group}` });
      for (const name of names) await site.#addHost(name, group);
    }
    for (const front of FRONTS) await site.startFront(front);
    for (const host of site.hosts) host.start(site.operators);
    return site;
  }

  openStore(urls: readonly string[]): EtcdStore {
    return new EtcdStore(urls, this.#tls);
  }

  get operators(): readonly string[] {
    return [publicKeyText(this.key.key)];
  }

  hostsIn(group: string): readonly RecordingHost[] {
    return this.hosts.filter(({ name }) => this.groups.get(name)?.includes(group));
  }

  host(name: string): RecordingHost {
    return present(this.hosts.find((host) => host.name === name));
  }

  async #addHost(name: string, group: string): Promise<void> {
    const credentials = await this.#authority.host(name);
    const fingerprint = digestOfAuthority(readFileSync(join(credentials, 'host.crt'), 'utf8'));
    await putHost(this.admin, this.key, name, () => ({ name, labels: { role: group }, groups: [], fingerprint }));
    const state = join(this.folder, 'state', name);
    mkdirSync(state, { recursive: true });
    const fronts = this.#ports.map((port) => new URL(`https://localhost:${port}`));
    const host = new RecordingHost({ name, credentials, state, fronts });
    this.groups.set(name, [group]);
    this.hosts.push(host);
  }

  /** `urls`: the members that this front asks. */
  async startFront(at: number, urls: readonly string[] = this.cluster.urls): Promise<void> {
    const store = this.openStore(urls);
    const listen = { host: '127.0.0.1', port: present(this.#ports[at]) };
    const tls = { ...this.#tls, cert: `${this.#tls.cert}${this.#tls.ca}` };
    const front = await Front.start({ store, tls, listen, admit: undefined, warn: () => undefined });
    this.#fronts[at] = { front, store };
  }

  async endFront(at: number): Promise<void> {
    const running = this.#fronts[at];
    this.#fronts[at] = undefined;
    if (running === undefined) return;
    // Its store is gone first, so that nothing that it has not written yet is.
    await running.store[Symbol.asyncDispose]();
    await running.front[Symbol.asyncDispose]();
  }

  /** Again while the store does not answer. */
  async answered<T>(ask: () => Promise<T>): Promise<T> {
    for (const end = performance.now() + PATIENCE; ; await sleep(LOOK)) {
      try {
        return await ask();
      } catch (error) {
        const isAgain = error instanceof EnvironmentError && error.code.startsWith('XDPOL_E_FLEET');
        if (!isAgain || performance.now() > end) throw error;
      }
    }
  }

  /** A policy that the fleet has not had before. */
  async publish(): Promise<OrderedPolicy> {
    this.#policies += 1;
    const bundle = Buffer.from(JSON.stringify({ text: `name: web # ${this.#policies}`, files: [] }));
    this.#bundles.set(sha256(bundle), bundle);
    return orderedPolicy(await this.answered(async () => await publishPolicy(this.admin, 'web', bundle, 'test')));
  }

  bundleOf({ sha256: digest }: OrderedPolicy): Uint8Array {
    return present(this.#bundles.get(digest));
  }

  /** A write that timed out may have been done: it is looked at before it is made again. */
  async order(
    target: Target,
    intent: Intent & { readonly kind: 'policy' },
    key: SigningKey = this.key,
  ): Promise<string> {
    const { sha256 } = intent.policy;
    this.note(target, sha256);
    await this.answered(async () => {
      const snapshot = await takeSnapshot(this.admin);
      const { order, signed } = snapshot.orders.policy.get(target)?.value ?? {};
      const isThere = order?.kind === 'policy' && order.policy.sha256 === sha256 && signed?.keyId === key.id;
      if (!isThere) await giveOrder(this.admin, snapshot, key, { target, intent });
    });
    return sha256;
  }

  note(target: Target, sha256: string): void {
    this.ordered.set(target, (this.ordered.get(target) ?? new Set()).add(sha256));
  }

  /** Orders a new policy for a group; its digest. */
  async orderNext(group: string, key: SigningKey = this.key): Promise<string> {
    return await this.order(`group/${group}`, { kind: 'policy', policy: await this.publish() }, key);
  }

  /** Seconds until every host has the policy in force. */
  async untilInForce(hosts: readonly RecordingHost[], sha256: string): Promise<number> {
    const begun = performance.now();
    const late = (): readonly string[] => hosts.filter((host) => host.inForce !== sha256).map(({ name }) => name);
    while (late().length > 0 && performance.now() - begun < PATIENCE) await sleep(LOOK);
    expect(late()).toEqual([]);
    return (performance.now() - begun) / 1000;
  }

  /** No host ever carried out an order that was for others, or that nobody gave. */
  requireOwnOrders(): void {
    for (const { name, carriedOut } of this.hosts) {
      const targets: readonly Target[] = [
        `host/${name}`,
        ...(this.groups.get(name) ?? []).map((group): Target => `group/${group}`),
        'fleet',
      ];
      for (const order of carriedOut) {
        expect([name, targets]).toEqual([name, expect.arrayContaining([order.target])]);
        const isIn = order.wave === null || order.wave.hosts === null || order.wave.hosts.includes(name);
        const isOrdered = order.kind === 'policy' && this.ordered.get(order.target)?.has(order.policy.sha256) === true;
        expect([name, order.seq, isIn, isOrdered]).toEqual([name, order.seq, true, true]);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) await host.end();
    for (const front of FRONTS) await this.endFront(front);
    await this.admin[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
