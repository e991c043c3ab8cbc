/** Three hosts and the machine of a front, joined by a bridge; each host has a BPF file system and a store of its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './network.ts';
import { makeFolder, PREFIX, removeFolder, removeNamespace } from './network.ts';

export interface FleetHost extends Host {
  readonly name: string;
  readonly folder: string;
  /** For xdpol on this host. */
  readonly env: NodeJS.ProcessEnv;
}

export interface FleetNetwork extends Disposable {
  readonly front: Host;
  readonly hosts: readonly FleetHost[];
  readonly folder: string;
}

const FRONT_ADDRESS = '10.79.0.1';

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

function hostOf(folder: string, name: string, number: number): FleetHost {
  const own = join(folder, name);
  const env = {
    ...process.env,
    XDPOL_BPFFS: join(own, 'bpf'),
    XDPOL_STATE_DIR: join(own, 'state'),
    XDPOL_CONFIG: join(own, 'config.yaml'),
    XDPOL_AGENT_SOCKET: join(own, 'agent.sock'),
  };
  const namespace = `${PREFIX}-${process.pid}-${name}`;
  return { name, namespace, device: 'eth0', address: `10.79.0.${10 + number}`, folder: own, env };
}

function addHost(front: Host, { namespace, device, address, folder, name }: FleetHost): void {
  mkdirSync(join(folder, 'bpf'), { recursive: true });
  execFileSync('mount', ['-t', 'bpf', 'bpf', join(folder, 'bpf')]);
  ip('netns', 'add', namespace);
  ip('link', 'add', device, 'netns', namespace, 'type', 'veth', 'peer', 'name', name, 'netns', front.namespace);
  ip('-n', front.namespace, 'link', 'set', name, 'master', front.device, 'up');
  ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', device);
  for (const link of ['lo', device]) ip('-n', namespace, 'link', 'set', link, 'up');
}

export function makeFleetNetwork(names: readonly string[]): FleetNetwork {
  const folder = makeFolder();
  const front = { namespace: `${PREFIX}-${process.pid}-front`, device: 'br0', address: FRONT_ADDRESS };
  const hosts = names.map((name, number) => hostOf(folder, name, number));
  const dispose = (): void => {
    for (const { namespace } of [front, ...hosts]) removeNamespace(namespace);
    removeFolder(folder);
  };
  try {
    ip('netns', 'add', front.namespace);
    ip('-n', front.namespace, 'link', 'add', front.device, 'type', 'bridge');
    ip('-n', front.namespace, 'addr', 'add', `${front.address}/24`, 'dev', front.device);
    for (const link of ['lo', front.device]) ip('-n', front.namespace, 'link', 'set', link, 'up');
    for (const host of hosts) addHost(front, host);
  } catch (error) {
    dispose();
    throw error;
  }
  return { front, hosts, folder, [Symbol.dispose]: dispose };
}
