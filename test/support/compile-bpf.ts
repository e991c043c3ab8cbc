/** Compiles the tests' own BPF programs. */
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FLAGS = ['-O2', '-g', '-target', 'bpf', '-Wall', '-Werror', '-c'] as const;

/** The object of test/bpf/<name>.bpf.c, in `directory`. */
export function compileBpf(name: string, directory: string): string {
  const source = fileURLToPath(new URL(`../bpf/${name}.bpf.c`, import.meta.url));
  const object = join(directory, `${basename(source, '.c')}.o`);
  const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim();
  execFileSync('clang', [...FLAGS, `-I/usr/include/${machine}-linux-gnu`, source, '-o', object], { stdio: 'pipe' });
  return object;
}
