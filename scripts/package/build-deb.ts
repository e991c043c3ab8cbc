/**
 * `npm run package -- [FOLDER] [--fast]`: xdpol_VERSION_ARCHITECTURE.deb and the npm package of the bindings, by default
 * into build/package, from what `npm run build` made. Debian's lintian must find no error in the one, and the other must
 * build from source. --fast compresses less and leaves both proofs out: they take three minutes. --arm64=NODE makes the
 * Debian package for arm64 alone, with the Node in that folder, by cross tools (docs/install.md). Two builds of one
 * commit on one machine are the same bytes: times are SOURCE_DATE_EPOCH, else the commit's.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VERSION } from '../../src/base/version.ts';
import { buildBindingsFromSource, packBindings } from './pack-bindings.ts';
import { sbomText, sumsText } from './release-files.ts';
import type { Target } from './target.ts';
import { arm64Target, OWN_TARGET } from './target.ts';
import { changelogText, controlText, copyrightText, thirdPartyText } from './texts.ts';
import { addDocuments, addIntegration, addProgram, ROOT, Tree } from './tree.ts';

/** Before the folder of the Node that goes into the package. */
const ARM64 = '--arm64=';
const MAINTAINER_SCRIPTS = ['postinst', 'prerm', 'postrm'] as const;

function sourceDate(): Date {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const seconds = given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' });
  return new Date(Number(seconds) * 1000);
}

function everything(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

function addControl(tree: Tree, architecture: string): void {
  const files = everything(tree.folder).filter((name) => lstatSync(join(tree.folder, name)).isFile());
  const bytes = files.reduce((sum, name) => sum + lstatSync(join(tree.folder, name)).size, 0);
  const sums = files
    .filter((name) => !name.startsWith('etc/'))
    .map(
      (name) =>
        `${createHash('md5')
          .update(readFileSync(join(tree.folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  tree.write('DEBIAN/control', controlText(VERSION, architecture, Math.ceil(bytes / 1024)));
  tree.write('DEBIAN/conffiles', '/etc/xdpol/config.yaml\n/etc/fail2ban/action.d/xdpol.conf\n');
  tree.write('DEBIAN/md5sums', sums.join(''));
  for (const name of MAINTAINER_SCRIPTS) {
    tree.write(`DEBIAN/${name}`, readFileSync(join(ROOT, 'packaging', name)), 0o755);
  }
}

/** Modes and times that do not depend on who builds, and when. */
function settle(folder: string, time: Date): void {
  for (const name of [...everything(folder), '.']) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
    lutimesSync(path, time, time);
  }
}

async function writeBeside(out: string, paths: readonly string[], time: Date): Promise<void> {
  const sbom = join(out, `xdpol_${VERSION}.cdx.json`);
  writeFileSync(sbom, await sbomText(time));
  writeFileSync(join(out, 'SHA256SUMS'), sumsText([...paths, sbom]));
}

/** Returns the path of the package. */
async function buildPackage(target: Target, out: string, time: Date, compression: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-package-'));
  try {
    const tree = new Tree(folder);
    await addProgram(tree, VERSION, target);
    await addIntegration(tree, time.toISOString().slice(0, 10));
    const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
    addDocuments(tree, {
      changelog: changelogText(VERSION, changelog, time),
      copyright: copyrightText(),
      thirdParty: await thirdPartyText(),
    });
    addControl(tree, target.architecture);
    settle(folder, time);
    mkdirSync(out, { recursive: true });
    const path = join(out, `xdpol_${VERSION}_${target.architecture}.deb`);
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(time.getTime() / 1000) };
    execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', folder, path], { env, stdio: 'pipe' });
    return path;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const words = process.argv.slice(2);
const isFast = words.includes('--fast');
const crossNode = words.find((word) => word.startsWith(ARM64))?.slice(ARM64.length);
const target = crossNode === undefined ? OWN_TARGET : arm64Target(resolve(crossNode));
const usual = join(ROOT, target === OWN_TARGET ? 'build/package' : 'build/package-arm64');
const [folder = usual] = words.filter((word) => !word.startsWith('--'));
const out = resolve(folder);
const time = sourceDate();
const debian = await buildPackage(target, out, time, isFast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6']);
// The npm package has the addon of the machine that builds.
const bindings = target === OWN_TARGET ? [packBindings(out)] : [];
await writeBeside(out, [debian, ...bindings], time);
// A package that is given away is worth the minutes that these take.
if (!isFast) {
  execFileSync('lintian', ['--allow-root', '--fail-on', 'error', debian], { stdio: ['ignore', 2, 2] });
  bindings.forEach(buildBindingsFromSource);
}
process.stdout.write([debian, ...bindings].map((path) => `${path}\n`).join(''));
