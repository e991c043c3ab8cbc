/**
 * Every case runs in a process of its own, with network namespaces, a BPF file system and a list of
 * named namespaces that nobody else sees: what it sets up goes with it, however it ends.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Effort } from './effort.ts';
import type { Figure, Section } from './figure.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUTPUT_BYTES = 1 << 24;

const PRIVATE_MOUNTS = `mount -t bpf bpf /sys/fs/bpf && mkdir -p /run/netns && mount -t tmpfs none /run/netns && exec "$@"`;
const ISOLATED = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c', PRIVATE_MOUNTS, 'isolated'];

/** The command line that runs a script of this folder isolated. */
export function isolateScript(script: string, args: readonly string[]): readonly string[] {
  const file = fileURLToPath(new URL(script, import.meta.url));
  return [...ISOLATED, process.execPath, '--import', 'tsx', file, ...args];
}

/** What an isolated script prints as JSON. */
export function childResult<T>(script: string, args: readonly string[]): T {
  const [command = '', ...rest] = isolateScript(script, args);
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const env = { ...process.env, XDPOL_BPFFS: '/sys/fs/bpf' };
  const child = spawnSync(command, rest, { cwd: ROOT, env, stdio: [...stdio], maxBuffer: OUTPUT_BYTES });
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout.toString()) as T;
}

export function measureInChild(section: Section, policy: string, effort: Effort): readonly Figure[] {
  return childResult<readonly Figure[]>('child.ts', [section, policy, JSON.stringify(effort)]);
}
