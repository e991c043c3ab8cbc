/** What a reboot does to the kernel: no pins, no links, no programs. The store stays as it is. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespacePair } from './namespaces.ts';

const POLLS = 100;

/** Every pin of ours, as paths below `<bpffs>/xdpol`. */
export function pinsOf(pair: NamespacePair): readonly string[] {
  const root = pinRoot(pair);
  return existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }) : [];
}

function pinRoot(pair: NamespacePair): string {
  return join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
}

export function reboot(pair: NamespacePair): void {
  const root = pinRoot(pair);
  if (!existsSync(root)) return;
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  for (const { parentPath, name } of files) unlinkSync(join(parentPath, name));
  execFileSync('sh', ['-c', `find ${root} -mindepth 1 -depth -type d -exec rmdir {} +`]);
  // The kernel lets go of an unpinned link a moment later, in a worker.
  for (let i = 0; i < POLLS && isFiltered(pair); i++) execFileSync('sleep', ['0.05']);
  if (isFiltered(pair)) throw new Error('a program is still attached');
}

/** By the kernel alone, whatever the pins say. */
export function isFiltered(pair: NamespacePair): boolean {
  const { namespace, device } = pair.host;
  return /\bprog\/xdp\b/u.test(
    execFileSync('ip', ['-n', namespace, '-d', 'link', 'show', device], { encoding: 'utf8' }),
  );
}
