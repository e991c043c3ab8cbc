/**
 * Runs once before the tests: they start the built program and processes of their own, so these must be those of the
 * sources. Types are the business of `npm run typecheck`.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOwnProcesses } from './own-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BPFFS = '/sys/fs/bpf';

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Files and folders: a file that is gone has changed its folder. */
function inputs(): readonly string[] {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return ['package.json', 'package-lock.json', 'scripts/bundle.ts', ...sources.map((name) => join('src', name))];
}

/** A kernel that has none there yet: iproute2 would take the first one that it finds, and that is another test's. */
async function mountBpffsOfHost(): Promise<void> {
  const { isBpffs, mountBpffs } = await import('libbpf-ts-bindings');
  if (!isBpffs(BPFFS)) mountBpffs(BPFFS);
}

export async function setup(): Promise<void> {
  // Each process of Node would read those certificates when it starts, and no test asks a public server.
  delete process.env['NODE_EXTRA_CA_CERTS'];
  await buildOwnProcesses();
  if (process.getuid?.() === 0) await mountBpffsOfHost();
  const built = modified(join(ROOT, 'dist/cli/main.js'));
  if (inputs().every((name) => modified(join(ROOT, name)) < built)) return;
  const { bundleProgram } = await import('../../scripts/bundle.ts');
  await bundleProgram(join(ROOT, 'dist'));
}
