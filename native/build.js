// Builds the addon with node-gyp. The headers of the running node are used where its installation has them, so that
// the build needs no network.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const prefix = dirname(dirname(process.execPath));
const hasHeaders = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const args = [nodeGyp, 'rebuild', '--silent', ...(hasHeaders ? [`--nodedir=${prefix}`] : [])];
const { status, error } = spawnSync(process.execPath, args, {
  cwd: dirname(fileURLToPath(import.meta.url)),
  stdio: 'inherit',
});
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
