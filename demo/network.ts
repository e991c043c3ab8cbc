/** Two hosts on this machine: network namespaces joined by a veth pair, with a BPF file system of their own. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PREFIX = 'xdpoldemo';

export interface Host {
  readonly namespace: string;
  readonly device: string;
  readonly address: string;
}

export interface Network extends Disposable {
  readonly server: Host;
  readonly client: Host;
  /** For xdpol: its pins and its store are in a folder that goes with the network. */
  readonly env: NodeJS.ProcessEnv;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), `${PREFIX}-${process.pid}-`));
}

/** Unmounts the BPF file systems in it first: one that stays mounted keeps its pins. */
export function removeFolder(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  for (const path of mounts.map((line) => line.split(' ')[1] ?? ''))
    if (path.startsWith(`${folder}/`)) spawnSync('umount', [path], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}

function isThere(pid: string): boolean {
  return readdirSync('/proc').includes(pid);
}

/** Ends a namespace and its links, which end with it; one that is not there is fine. */
export function removeNamespace(name: string): void {
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
}

/** Namespaces and folders of demos that were killed: their names say which process made them. */
export function removeLeftovers(): void {
  const names = spawnSync('ip', ['-o', 'netns', 'list'], { encoding: 'utf8' }).stdout.split('\n');
  for (const name of names.map((line) => line.split(' ')[0] ?? '')) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`, 'u').exec(name)?.[1];
    if (pid !== undefined && !isThere(pid)) removeNamespace(name);
  }
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`, 'u').exec(name)?.[1];
    if (pid !== undefined && !isThere(pid)) removeFolder(join(tmpdir(), name));
  }
}

function addHost(host: Host): void {
  ip('-n', host.namespace, 'addr', 'add', `${host.address}/24`, 'dev', host.device);
  ip('-n', host.namespace, 'link', 'set', 'lo', 'up');
  ip('-n', host.namespace, 'link', 'set', host.device, 'up');
}

export function makeNetwork(serverAddress: string, clientAddress: string): Network {
  const host = (role: string, address: string): Host => ({
    namespace: `${PREFIX}-${process.pid}-${role}`,
    device: role === 'server' ? 'eth0' : 'eth1',
    address,
  });
  const server = host('server', serverAddress);
  const client = host('client', clientAddress);
  const folder = makeFolder();
  const bpffs = join(folder, 'bpf');
  const dispose = (): void => {
    removeNamespace(server.namespace);
    removeNamespace(client.namespace);
    removeFolder(folder);
  };
  try {
    execFileSync('mkdir', [bpffs]);
    execFileSync('mount', ['-t', 'bpf', 'bpf', bpffs]);
    for (const { namespace } of [server, client]) ip('netns', 'add', namespace);
    const peer = ['type', 'veth', 'peer', 'name', client.device, 'netns', client.namespace];
    ip('link', 'add', server.device, 'netns', server.namespace, ...peer);
    for (const one of [server, client]) addHost(one);
  } catch (error) {
    dispose();
    throw error;
  }
  const env = {
    ...process.env,
    XDPOL_BPFFS: bpffs,
    XDPOL_STATE_DIR: join(folder, 'state'),
    XDPOL_AGENT_SOCKET: join(folder, 'agent.sock'),
  };
  return { server, client, env, [Symbol.dispose]: dispose };
}

function inside(host: Host, argv: readonly string[]): readonly string[] {
  return ['netns', 'exec', host.namespace, ...argv];
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_MS = 30_000;

/** Runs a command to its end inside a host, without holding up this process: it can be interrupted meanwhile. */
export async function runOn(host: Host, env: NodeJS.ProcessEnv, argv: readonly string[]): Promise<Outcome> {
  const child = spawn('ip', inside(host, argv), { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...output };
}

/** Starts a command inside a host; `ip netns exec` becomes the command, so its process id is the command's. */
export function startOn(host: Host, env: NodeJS.ProcessEnv, argv: readonly string[]): ChildProcess {
  return spawn('ip', inside(host, argv), { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
