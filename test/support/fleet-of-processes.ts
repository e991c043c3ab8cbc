/**
 * A fleet whose fronts and hosts are processes, with a way between any two parts that can be cut. Three machines with two
 * hosts each; each front reaches etcd, and each machine a front, over a way of its own.
 */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { expect } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { HostFolders } from './fleet-centre.ts';
import { FleetCentre, FRONTS, LOOK, makeCentre, sleep } from './fleet-centre.ts';
import { inForceOn } from './fleet-journal.ts';
import type { HostTask } from './host-process.ts';
import { ownProcess } from './own-process.ts';
import { program } from './program.ts';
import { Relay } from './relay.ts';

const GROUPS = { web: ['web1', 'web2', 'web3', 'web4', 'web5'], mail: ['mail1'] } as const;
const PER_MACHINE = 2;
/** Milliseconds for a front to start, since etcd may have no leader at the time; for a command of an operator. */
const START = 60_000;
const COMMAND = 90_000;

const execute = promisify(execFile);

async function relayTo(ports: readonly number[]): Promise<readonly Relay[]> {
  return await Promise.all(ports.map(async (port) => await Relay.open(port)));
}

function urlsOf(relays: readonly Relay[]): readonly string[] {
  return relays.map(({ port }) => `https://localhost:${port}`);
}

export class FleetOfProcesses extends FleetCentre {
  readonly hosts: HostFolders[] = [];
  /** Of each machine to the fronts, and of each front to the members of etcd. */
  readonly toFronts: (readonly Relay[])[] = [];
  readonly toEtcd: (readonly Relay[])[] = [];
  readonly #fronts: (ChildProcess | undefined)[] = [];
  readonly #machines: (ChildProcess | undefined)[] = [];

  static async start(): Promise<FleetOfProcesses> {
    const parts = await makeCentre();
    const fleet = new FleetOfProcesses(parts);
    mkdirSync(fleet.#centre);
    symlinkSync(parts.credentials, join(fleet.#centre, 'front'));
    symlinkSync(await parts.authority.operator('anna', 'administrator'), join(fleet.#centre, 'operator'));
    writeFileSync(join(fleet.#centre, 'operators'), fleet.operators.join('\n'));
    writeFileSync(join(fleet.#centre, 'signing.key'), fleet.key.key.export({ type: 'pkcs8', format: 'pem' }));
    fleet.hosts.push(...(await fleet.found(GROUPS)));
    for (const front of FRONTS) {
      fleet.toEtcd.push(await relayTo(fleet.cluster.urls.map((url) => Number(new URL(url).port))));
      await fleet.startFront(front);
    }
    for (const machine of fleet.machines) {
      fleet.toFronts.push(await relayTo(parts.ports));
      fleet.startMachine(machine);
    }
    return fleet;
  }

  get #centre(): string {
    return join(this.folder, 'centre');
  }

  get machines(): readonly number[] {
    return Array.from({ length: this.hosts.length / PER_MACHINE }, (_, at) => at);
  }

  hostsIn(group: string): readonly HostFolders[] {
    return this.hosts.filter(({ name }) => this.groups.get(name)?.includes(group));
  }

  /** Again where it ends at once, as a service does. */
  async startFront(at: number): Promise<void> {
    const listen = ['--listen', `127.0.0.1:${present(this.ports[at])}`];
    const etcd = urlsOf(present(this.toEtcd[at])).flatMap((url) => ['--etcd', url]);
    for (const end = performance.now() + START; performance.now() < end; ) {
      const child = begin(program('main', 'fleet', 'front', '--dir', this.#centre, ...listen, ...etcd));
      this.#fronts[at] = child;
      const said = once(present(child.stdout), 'data').then(() => true);
      if (await Promise.race([said, once(child, 'exit').then(() => false)])) return;
    }
    throw new Error(`front ${at} does not start`);
  }

  /** Of `xdpol fleet`, which asks the first front; what it prints. Rejects where it ends with another code than 0. */
  async command(...args: readonly string[]): Promise<string> {
    const front = ['--dir', this.#centre, '--front', `https://localhost:${present(this.ports[0])}`];
    const argv = ['--pdeathsig', 'KILL', ...program('main', 'fleet', ...args, ...front)];
    return (await execute('setpriv', argv, { timeout: COMMAND })).stdout;
  }

  startMachine(at: number): void {
    const hosts = this.hosts.slice(at * PER_MACHINE, (at + 1) * PER_MACHINE);
    const task: HostTask = { hosts, fronts: urlsOf(present(this.toFronts[at])), operators: this.operators };
    this.#machines[at] = begin(ownProcess('host-process', JSON.stringify(task)));
  }

  signalFront(at: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#fronts[at]?.kill(signal);
  }

  async killFront(at: number): Promise<void> {
    await kill(this.#fronts[at]);
  }

  async killMachine(at: number): Promise<void> {
    await kill(this.#machines[at]);
  }

  /** Until every host has in force what is given for it by its group. */
  async settled(ordered: Readonly<Record<string, string>>, patience: number): Promise<void> {
    const wanted = this.hosts.map((host) => [host.name, ordered[present(this.groups.get(host.name)?.[0])]]);
    const found = (): readonly unknown[] => this.hosts.map((host) => [host.name, inForceOn(host)]);
    for (const end = performance.now() + patience; performance.now() < end; await sleep(LOOK)) {
      if (isDeepStrictEqual(found(), wanted)) return;
    }
    expect(found()).toEqual(wanted);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [...this.#machines, ...this.#fronts]) await kill(process);
    for (const relay of [...this.toFronts, ...this.toEtcd].flat()) relay[Symbol.dispose]();
    await super[Symbol.asyncDispose]();
  }
}

/** It ends with the test, however that ends. */
function begin(argv: readonly string[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['ignore', 'pipe', 'ignore'] });
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
