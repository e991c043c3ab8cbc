/** Files of the package, as they lie on a host. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { completionScript } from '../../src/cli/render/completion-scripts.ts';
import { unitsFor } from '../../src/cli/units.ts';
import { bundleProgram } from '../bundle.ts';
import { writeManPages } from '../man/write-pages.ts';
import type { Target } from './target.ts';

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));
const LIBRARY = 'usr/lib/xdpol';
const DOCUMENTS = 'usr/share/doc/xdpol';

/** A folder that is filled with what the package installs. */
export class Tree {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  write(name: string, content: string | Uint8Array, mode: 0o644 | 0o755 = 0o644): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, mode);
  }

  /** A file or a folder of the checkout. */
  copy(from: string, to: string): void {
    cpSync(join(ROOT, from), join(this.folder, to), { recursive: true });
  }

  link(name: string, target: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    symlinkSync(target, join(this.folder, name));
  }

  /** As zlib does it best, without a time. */
  compress(name: string): void {
    const path = join(this.folder, name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
    rmSync(path);
  }
}

/** Programs, objects and the runtime: all that `xdpol` needs besides the C libraries. */
export async function addProgram(tree: Tree, version: string, target: Target): Promise<void> {
  tree.write(`${LIBRARY}/package.json`, `${JSON.stringify({ name: 'xdpol', version, type: 'module' })}\n`);
  addBindings(tree, target);
  // It runs what it has built to fill the code cache, and that loads the addon.
  await bundleProgram(join(tree.folder, LIBRARY, 'dist'), target.runtime);
  for (const name of ['xdpol.bpf.o', 'gate.bpf.o', 'measure.bpf.o', 'SHA256SUMS']) {
    tree.copy(`dist/bpf/${name}`, `${LIBRARY}/dist/bpf/${name}`);
  }
  tree.write(`${LIBRARY}/node`, readFileSync(target.node), 0o755);
  strip(target, join(tree.folder, LIBRARY, 'node'));
  for (const [name, entry] of [['xdpol', 'main'] as const, ['ipsecpol', 'ipsecpol'] as const]) {
    tree.write(`usr/bin/${name}`, `#!/bin/sh\nexec /${LIBRARY}/node /${LIBRARY}/dist/cli/${entry}.js "$@"\n`, 0o755);
  }
}

function addBindings(tree: Tree, target: Target): void {
  const to = `${LIBRARY}/node_modules/libbpf-ts-bindings`;
  tree.copy('native/package.json', `${to}/package.json`);
  const built = join(ROOT, 'native/dist');
  const code = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  for (const name of code) tree.write(`${to}/dist/${name}`, readFileSync(join(built, name)));
  tree.write(`${to}/dist/bindings.node`, target.addon());
  strip(target, join(tree.folder, to, 'dist/bindings.node'));
}

function strip(target: Target, path: string): void {
  execFileSync(target.strip, ['--strip-unneeded', '--remove-section=.comment', '--remove-section=.note', path]);
}

/** What the host's own programs read: systemd, shells, man. */
export async function addIntegration(tree: Tree, date: string): Promise<void> {
  tree.copy('packaging/config.yaml', 'etc/xdpol/config.yaml');
  for (const { name, text } of unitsFor(['/usr/bin/xdpol'], '/var/lib/xdpol')) {
    tree.write(`lib/systemd/system/${name}`, text);
  }
  tree.copy('packaging/sysusers.conf', 'usr/lib/sysusers.d/xdpol.conf');
  tree.copy('packaging/tmpfiles.conf', 'usr/lib/tmpfiles.d/xdpol.conf');
  tree.write('usr/share/bash-completion/completions/xdpol', completionScript('bash'));
  tree.link('usr/share/bash-completion/completions/ipsecpol', 'xdpol');
  tree.write('usr/share/zsh/vendor-completions/_xdpol', completionScript('zsh'));
  tree.write('usr/share/fish/vendor_completions.d/xdpol.fish', completionScript('fish'));
  tree.link('usr/share/fish/vendor_completions.d/ipsecpol.fish', 'xdpol.fish');
  const pages = await writeManPages(join(tree.folder, 'usr/share/man'), date);
  for (const page of pages) tree.compress(page.slice(tree.folder.length + 1));
}

export interface PackageTexts {
  readonly changelog: string;
  readonly copyright: string;
  readonly thirdParty: string;
}

export function addDocuments(tree: Tree, { changelog, copyright, thirdParty }: PackageTexts): void {
  tree.write(`${DOCUMENTS}/copyright`, copyright);
  tree.write(`${DOCUMENTS}/changelog`, changelog);
  tree.compress(`${DOCUMENTS}/changelog`);
  tree.write(`${DOCUMENTS}/third-party-licences`, thirdParty);
  tree.compress(`${DOCUMENTS}/third-party-licences`);
  tree.copy('packaging/lintian-overrides', 'usr/share/lintian/overrides/xdpol');
  tree.copy('examples', `${DOCUMENTS}/examples`);
  tree.copy('contrib/fail2ban/xdpol.conf', 'etc/fail2ban/action.d/xdpol.conf');
  tree.copy('dashboards', 'usr/share/xdpol/dashboards');
  tree.copy('alerts/xdpol.rules.yaml', 'usr/share/xdpol/alerts/xdpol.rules.yaml');
  for (const kind of ['policy', 'role', 'config']) {
    tree.copy(`src/formats/yaml/${kind}.schema.json`, `usr/share/xdpol/schemas/${kind}.schema.json`);
  }
}
