/** The npm package of `libbpf-ts-bindings`, from what `npm run build:native` made. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './tree.ts';

/** Writes the package into the folder. Returns its path. */
export function packBindings(folder: string): string {
  const args = ['pack', '--json', '--pack-destination', folder, '-w', 'libbpf-ts-bindings'];
  const text = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [packed] = JSON.parse(text) as readonly { readonly filename: string }[];
  if (packed === undefined) throw new Error(`npm pack names no file: ${text}`);
  return join(folder, packed.filename);
}

/** Builds the addon of the package from source in an empty folder, and loads it. Takes a minute. */
export function buildBindingsFromSource(archive: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-bindings-'));
  try {
    const run = (command: string, args: readonly string[]): void => {
      execFileSync(command, args, { cwd: folder, stdio: ['ignore', 2, 2] });
    };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
    run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', archive]);
    rmSync(join(folder, 'node_modules/libbpf-ts-bindings/dist/bindings.node'));
    run('npm', ['rebuild', 'libbpf-ts-bindings']);
    run('node', ['--input-type=module', '-e', "await import('libbpf-ts-bindings')"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
