/** The facts of the host that doctor's checks look at. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capabilities, isBpffs } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../../base/environment-error.ts';
import { isAlive, pidOf } from '../../store/process-name.ts';
import type { PolicyStore } from '../../store/store.ts';
import { readHostConfig } from '../config.ts';
import type { HostContext } from '../context.ts';
import { readStatus } from '../status.ts';
import type { FilterFacts, HostFacts, KernelFacts, UnitFacts } from './doctor-facts.ts';
import { gatherStore } from './gather-store.ts';

const BPFFS = '/sys/fs/bpf';

function readOr<T>(path: string, otherwise: T): string | T {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return otherwise;
  }
}

function numberIn(path: string): number | undefined {
  const text = readOr(path, undefined);
  return text === undefined || text === '' ? undefined : Number(text);
}

function lockableMemory(): number {
  const [, soft] = /^Max locked memory\s+(\S+)/mu.exec(readOr('/proc/self/limits', '')) ?? [];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

function gatherKernel(): KernelFacts {
  const bpffs = process.env['XDPOL_BPFFS'] ?? BPFFS;
  return {
    release: readOr('/proc/sys/kernel/osrelease', 'unknown'),
    hasBtf: existsSync('/sys/kernel/btf/vmlinux'),
    jit: numberIn('/proc/sys/net/core/bpf_jit_enable'),
    hasBpffs: existsSync(bpffs) && isBpffs(bpffs),
    lockableMemory: lockableMemory(),
    lockdown: /\[(\w+)\]/u.exec(readOr('/sys/kernel/security/lockdown', ''))?.[1],
    unprivilegedBpfDisabled: numberIn('/proc/sys/kernel/unprivileged_bpf_disabled'),
  };
}

function gatherConfig(): HostFacts['config'] {
  const { path, diagnostics, problem } = readHostConfig();
  return { path, diagnostics, ...(problem === undefined ? {} : { problem: problem.message }) };
}

/** Those of an administrator or of `xdpol install`, then those of a package. */
const UNIT_FOLDERS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

function isEnabled(name: string): boolean {
  const [folder = ''] = UNIT_FOLDERS;
  const wants = existsSync(folder) ? readdirSync(folder).filter((entry) => entry.endsWith('.wants')) : [];
  return wants.some((entry) => lstatSync(join(folder, entry, name), { throwIfNoEntry: false }) !== undefined);
}

function stateOf(name: string): string | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  try {
    const argv = ['show', '--property=ActiveState', '--value', '--', name];
    return execFileSync('systemctl', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function gatherUnit(name: string): UnitFacts {
  const isInstalled = UNIT_FOLDERS.some((folder) => existsSync(join(folder, name)));
  return {
    name,
    isInstalled,
    isEnabled: isInstalled && isEnabled(name),
    state: isInstalled ? stateOf(name) : undefined,
  };
}

function gatherAgent(store: PolicyStore): number | undefined {
  try {
    const agent = store.dynamic.agent();
    return agent !== undefined && isAlive(agent) ? pidOf(agent) : undefined;
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}

/** undefined where it cannot be known: for want of rights, or with a store that has a finding of its own. */
function gatherFilter(context: HostContext): FilterFacts | undefined {
  try {
    const { pending, assigned, gaps, warnings } = readStatus(context);
    return { policy: (pending ?? assigned)?.policy, gaps, warnings };
  } catch (error) {
    if (error instanceof EnvironmentError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

export function gatherHost(context: HostContext): HostFacts {
  const { store } = context;
  return {
    kernel: gatherKernel(),
    capabilities: capabilities(),
    config: gatherConfig(),
    store: gatherStore(store.directory),
    filter: gatherFilter(context),
    units: ['xdpol-restore.service', 'xdpol-agent.service'].map(gatherUnit),
    now: Date.now(),
    agent: gatherAgent(store),
  };
}
