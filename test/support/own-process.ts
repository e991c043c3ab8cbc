/** Processes of the tests' own, built once: from its source each would take a second of CPU time to start. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const SOURCES = {
  probe: 'demo/probe.ts',
  change: 'test/support/change.ts',
  'host-process': 'test/support/host-process.ts',
  'run-packets': 'test/support/run-packets.ts',
  'send-frames': 'test/support/send-frames.ts',
  'swap-loop': 'test/support/swap-loop.ts',
  'sweep-loop': 'test/support/sweep-loop.ts',
  'verb-server': 'test/support/verb-server.ts',
} as const;

const FOLDER = join(ROOT, 'build/test');

/** The command line; each source says what its arguments are. `build.ts` has built it before any test runs. */
export function ownProcess(name: keyof typeof SOURCES, ...args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, join(FOLDER, `${name}.mjs`), ...args];
}

export async function buildOwnProcesses(): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(SOURCES).map(([out, source]) => ({ in: source, out })),
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: ['libbpf-ts-bindings'],
    // Files of the program are looked for as its own modules look for them; some packages are CommonJS.
    define: { 'import.meta.url': 'ownUrl' },
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module';
const ownUrl = new URL('../../src/engine/', import.meta.url).href;
const require = requireFrom(import.meta.url);`,
    },
  });
}
