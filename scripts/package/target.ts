/** The architecture that a package is for: this machine's, or arm64 by cross tools. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '../make-code-cache.ts';
import { OWN_RUNTIME } from '../make-code-cache.ts';
import { ROOT } from './tree.ts';

export interface Target {
  /** As Debian calls it. */
  readonly architecture: 'amd64' | 'arm64';
  readonly runtime: Runtime;
  /** The runtime's program, which the package has. */
  readonly node: string;
  readonly strip: string;
  /** What `bindings.node` has in it. */
  readonly addon: () => Buffer;
}

const EMULATOR = 'qemu-aarch64-static';

export const OWN_TARGET: Target = {
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  runtime: OWN_RUNTIME,
  node: process.execPath,
  strip: 'strip',
  addon: () => readFileSync(join(ROOT, 'native/dist/bindings.node')),
};

/** `folder` has Node for arm64, of the version that builds, with its headers. It is run by qemu. */
export function arm64Target(folder: string): Target {
  const node = join(folder, 'bin/node');
  const found = execFileSync(EMULATOR, [node, '--version'], { encoding: 'utf8' }).trim();
  if (found !== process.version) throw new Error(`${node} is Node ${found}, wanted ${process.version}, which builds`);
  return {
    architecture: 'arm64',
    runtime: { arch: 'arm64', command: [EMULATOR, node] },
    node,
    strip: 'aarch64-linux-gnu-strip',
    addon: () => buildAddon(folder),
  };
}

/** In a folder of its own, so that the checkout keeps the addon that its tests load. */
function buildAddon(nodedir: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-addon-'));
  try {
    for (const name of ['src', 'binding.gyp', 'package.json']) {
      cpSync(join(ROOT, 'native', name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
    const words = ['configure', 'build', '--silent', '--jobs=max', '--arch=arm64', `--nodedir=${nodedir}`];
    const env = { ...process.env, CC: 'aarch64-linux-gnu-gcc', CXX: 'aarch64-linux-gnu-g++' };
    execFileSync(process.execPath, [gyp, ...words], { cwd: folder, env, stdio: ['ignore', 2, 2] });
    return readFileSync(join(folder, 'build/Release/bindings.node'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
