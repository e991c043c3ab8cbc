/** Builds of the filter with parts left out. Only measurements use them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../bpf', import.meta.url));

/** In the order in which they are added. `define`: what the sources and their Makefile call it. */
export const PARTS = [
  { define: 'COUNTERS', name: 'counters' },
  { define: 'LAST_MATCH', name: 'time of the last match' },
  { define: 'MARKS', name: 'marks of filters' },
  { define: 'SAMPLES', name: 'samples, off' },
  { define: 'AUDIT', name: 'the empty slot of a trial' },
] as const;
export type Part = (typeof PARTS)[number]['define'];

export interface PartialBuild extends Disposable {
  readonly path: string;
}

/** The file goes when the build is disposed. */
export function buildWithout(parts: readonly Part[]): PartialBuild {
  const directory = mkdtempSync(join(tmpdir(), 'xdpol-parts-'));
  const path = join(directory, 'xdpol.bpf.o');
  const remove = (): void => rmSync(directory, { recursive: true });
  try {
    const argv = ['-s', '-C', SOURCES, `OUT=${directory}`, `WITHOUT=${parts.join(' ')}`, path];
    execFileSync('make', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    remove();
    throw error;
  }
  return { path, [Symbol.dispose]: remove };
}
