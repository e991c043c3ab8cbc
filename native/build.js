// Builds the addon with node-gyp and puts it into dist/. The headers of the running node are used where its
// installation has them, so that the build needs no network.
//
// With --installed it is the install script of the published package: the addon that came along stays where this
// machine can load it, and is built from source where it cannot (another architecture, another C library).
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, 'dist', 'bindings.node');

/** npm names its own node-gyp to install scripts; a checkout has one in node_modules. */
function nodeGyp() {
  return process.env.npm_config_node_gyp ?? createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
}

function build() {
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
  const args = [
    nodeGyp(),
    'configure',
    'build',
    '--silent',
    '--jobs=max',
    ...(hasHeaders ? [`--nodedir=${prefix}`] : []),
  ];
  const { status, error } = spawnSync(process.execPath, args, { cwd: here, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);

  // Renamed into place: a process that runs the old addon keeps it, one that starts now never sees half a file.
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(here, 'build', 'Release', 'bindings.node'), `${target}.${process.pid}`);
  renameSync(`${target}.${process.pid}`, target);
}

/** In a process of its own: an addon of another machine may end the one that loads it. */
function canLoad() {
  const { status } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', target], { stdio: 'ignore' });
  return status === 0;
}

/** The published package has no tsconfig.json. A checkout builds by its own command, after its Debian packages. */
const isCheckout = existsSync(join(here, 'tsconfig.json'));

if (!process.argv.includes('--installed') || !(isCheckout || canLoad())) build();
