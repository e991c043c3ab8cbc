/** A whole fleet on loopback: three members of etcd with TLS, fronts with stores of their own, and hosts that write down. */
import { expect } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { EtcdStore } from '../../src/fleet/etcd/etcd-store.ts';
import type { Target } from '../../src/fleet/fleet-names.ts';
import { Front } from '../../src/fleet/front/front.ts';
import { FleetCentre, FRONTS, LOOK, makeCentre, PATIENCE, sleep } from './fleet-centre.ts';
import { RecordingHost } from './recording-host.ts';

interface Running {
  readonly front: Front;
  readonly store: EtcdStore;
}

export class FleetSite extends FleetCentre {
  readonly hosts: RecordingHost[] = [];
  readonly #fronts: (Running | undefined)[] = [];

  static async start(groups: Readonly<Record<string, readonly string[]>>): Promise<FleetSite> {
    const site = new FleetSite(await makeCentre());
    const fronts = site.ports.map((port) => new URL(`https://localhost:${port}`));
    for (const folders of await site.found(groups)) site.hosts.push(new RecordingHost({ ...folders, fronts }));
    for (const front of FRONTS) await site.startFront(front);
    for (const host of site.hosts) host.start(site.operators);
    return site;
  }

  hostsIn(group: string): readonly RecordingHost[] {
    return this.hosts.filter(({ name }) => this.groups.get(name)?.includes(group));
  }

  host(name: string): RecordingHost {
    return present(this.hosts.find((host) => host.name === name));
  }

  /** `urls`: the members that this front asks. */
  async startFront(at: number, urls: readonly string[] = this.cluster.urls): Promise<void> {
    const store = this.openStore(urls);
    const listen = { host: '127.0.0.1', port: present(this.ports[at]) };
    const tls = { ...this.tls, cert: `${this.tls.cert}${this.tls.ca}` };
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

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) await host.end();
    for (const front of FRONTS) await this.endFront(front);
    await super[Symbol.asyncDispose]();
  }
}
