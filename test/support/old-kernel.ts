/** Commands run as on a kernel without tcx, or without clsact too: what they ask of it is refused by seccomp. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('old-kernel.c', import.meta.url));

export interface OldKernel {
  /** Before Linux 6.6. */
  withoutTcx(argv: readonly string[]): readonly string[];
  /** And built without clsact. */
  withoutBoth(argv: readonly string[]): readonly string[];
}

/** Compiles the launcher in `directory`. */
export function oldKernel(directory: string): OldKernel {
  const launcher = join(directory, 'old-kernel');
  execFileSync('clang', ['-O2', '-Wall', '-Wextra', '-Werror', SOURCE, '-o', launcher], { stdio: 'pipe' });
  return {
    withoutTcx: (argv) => [launcher, ...argv],
    withoutBoth: (argv) => [launcher, '--without-clsact', ...argv],
  };
}
