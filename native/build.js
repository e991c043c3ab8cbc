// Builds the addon with node-gyp and puts it into dist/. The headers of the running node are used where its
// installation has them, so that the build needs no network.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const prefix = dirname(dirname(process.execPath));
const hasHeaders = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const args = [nodeGyp, 'configure', 'build', '--silent', ...(hasHeaders ? [`--nodedir=${prefix}`] : [])];
const { status, error } = spawnSync(process.execPath, args, { cwd: here, stdio: 'inherit' });
if (error !== undefined) throw error;
if (status !== 0) process.exit(status ?? 1);

// Renamed into place: a process that runs the old addon keeps it, one that starts now never sees half a file.
const target = join(here, 'dist', 'bindings.node');
mkdirSync(dirname(target), { recursive: true });
copyFileSync(join(here, 'build', 'Release', 'bindings.node'), `${target}.${process.pid}`);
renameSync(`${target}.${process.pid}`, target);
