/**
 * The centre of a fleet on loopback: an authority, three members of etcd with TLS, and an operator with a key. What hosts and
 * fronts are is up to who extends it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../../src/base/assert.ts';
import { EnvironmentError } from '../../src/base/environment-error.ts';
import type { Intent } from '../../src/fleet/centre/change.ts';
import { giveOrder, orderedPolicy, publishPolicy, putGroup, putHost } from '../../src/fleet/centre/change.ts';
import { takeSnapshot } from '../../src/fleet/centre/snapshot.ts';
import { EtcdStore } from '../../src/fleet/etcd/etcd-store.ts';
import type { Target } from '../../src/fleet/fleet-names.ts';
import { digestOfAuthority } from '../../src/fleet/join-token.ts';
import type { OrderedPolicy } from '../../src/fleet/order.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import type { SigningKey } from '../../src/fleet/signing.ts';
import { makeSigningKey, publicKeyText, readSigningKey, sha256 } from '../../src/fleet/signing.ts';
import { TestAuthority } from './certificates.ts';
import { EtcdCluster, freePort } from './etcd-cluster.ts';

/** Milliseconds. */
export const PATIENCE = 25_000;
export const LOOK = 20;
export const FRONTS: readonly number[] = [0, 1];

export async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export interface CentreParts {
  readonly folder: string;
  readonly authority: TestAuthority;
  /** The folder of what a front shows, to hosts and to etcd. */
  readonly credentials: string;
  /** Of the fronts. */
  readonly ports: readonly number[];
  readonly cluster: EtcdCluster;
}

export async function makeCentre(): Promise<CentreParts> {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-fleet-site-'));
  const authority = await TestAuthority.make(join(folder, 'pki'));
  const credentials = await authority.host('front', 'localhost', '127.0.0.1');
  const ports = await Promise.all(FRONTS.map(async () => await freePort()));
  return { folder, authority, credentials, ports, cluster: await EtcdCluster.start(folder, credentials) };
}

/** What a host has on its disk. */
export interface HostFolders {
  readonly name: string;
  readonly credentials: string;
  readonly state: string;
}

export class FleetCentre implements AsyncDisposable {
  readonly key: SigningKey = present(readSigningKey(makeSigningKey()));
  readonly folder: string;
  readonly cluster: EtcdCluster;
  readonly admin: EtcdStore;
  readonly ports: readonly number[];
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Digests of the policies that each target was ever ordered. */
  readonly ordered: Map<Target, Set<string>> = new Map();
  /** Of each host: the names of its groups. */
  readonly groups: Map<string, readonly string[]> = new Map();
  readonly #authority: TestAuthority;
  readonly #bundles = new Map<string, Uint8Array>();
  #policies = 0;

  protected constructor({ folder, authority, credentials, ports, cluster }: CentreParts) {
    const read = (name: string): string => readFileSync(join(credentials, name), 'utf8');
    this.folder = folder;
    this.cluster = cluster;
    this.ports = ports;
    this.#authority = authority;
    this.tls = { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key') };
    this.admin = this.openStore(cluster.urls);
  }

  /** Groups with the hosts that have their label. */
  protected async found(groups: Readonly<Record<string, readonly string[]>>): Promise<readonly HostFolders[]> {
    await this.answered(async () => await this.admin.get(KEYS.epoch));
    await this.admin.put([{ key: KEYS.epoch, value: Buffer.from('first'), ifRevision: 0 }]);
    const hosts: HostFolders[] = [];
    for (const [group, names] of Object.entries(groups)) {
      await putGroup(this.admin, this.key, { name: group, priority: 1, selector: `role = ${group}` });
      for (const name of names) hosts.push(await this.#addHost(name, group));
    }
    return hosts;
  }

  openStore(urls: readonly string[]): EtcdStore {
    return new EtcdStore(urls, this.tls);
  }

  get operators(): readonly string[] {
    return [publicKeyText(this.key.key)];
  }

  async #addHost(name: string, group: string): Promise<HostFolders> {
    const credentials = await this.#authority.host(name);
    const fingerprint = digestOfAuthority(readFileSync(join(credentials, 'host.crt'), 'utf8'));
    await putHost(this.admin, this.key, name, () => ({ name, labels: { role: group }, groups: [], fingerprint }));
    const state = join(this.folder, 'state', name);
    mkdirSync(state, { recursive: true });
    this.groups.set(name, [group]);
    return { name, credentials, state };
  }

  /** Again while the store does not answer. */
  async answered<T>(ask: () => Promise<T>, patience: number = PATIENCE): Promise<T> {
    for (const end = performance.now() + patience; ; await sleep(LOOK)) {
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
