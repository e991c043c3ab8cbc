/** Where figures come from: without it they say nothing. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { libbpfVersion } from 'libbpf-ts-bindings';

export interface Environment {
  readonly date: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly jit: boolean;
  readonly libbpf: string;
  readonly node: string;
  /** Of the checkout; empty outside of one. */
  readonly revision: string;
  readonly dirty: boolean;
}

function git(...args: readonly string[]): string {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  return spawnSync('git', args, { cwd, encoding: 'utf8' }).stdout?.trim() ?? '';
}

/** The switch is not readable everywhere; kernels built with an always-on JIT have none. */
function isJitEnabled(): boolean {
  try {
    return readFileSync('/proc/sys/net/core/bpf_jit_enable', 'utf8').trim() !== '0';
  } catch {
    return true;
  }
}

export function environment(): Environment {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    kernel: release(),
    cpu: all[0]?.model ?? 'unknown',
    cpus: all.length,
    jit: isJitEnabled(),
    libbpf: libbpfVersion(),
    node: process.version,
    revision: git('rev-parse', '--short', 'HEAD'),
    dirty: git('status', '--porcelain') !== '',
  };
}

export function environmentText(e: Environment): string {
  const tree = `${e.revision}${e.dirty ? ' with changes' : ''}`;
  return `${tree}, ${e.cpus} x ${e.cpu}, Linux ${e.kernel}, JIT ${e.jit ? 'on' : 'off'}, libbpf ${e.libbpf}, Node ${e.node}`;
}
