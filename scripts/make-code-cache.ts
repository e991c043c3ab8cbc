/**
 * The code cache of the built program: what V8 compiled while verbs ran, so that the next process need not. It belongs to
 * this version of Node and to the text of the program.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const EXAMPLE: string = fileURLToPath(new URL('../examples/packet-filter.yaml', import.meta.url));

/** They need neither root nor the kernel, and together most of what other verbs run too. */
const VERBS: readonly (readonly string[])[] = [
  ['check', EXAMPLE, '--me', '192.0.2.1'],
  ['compile', EXAMPLE, '--me', '192.0.2.1', '--json'],
  ['explain', EXAMPLE, 'tcp 203.0.113.9:40000 -> 192.0.2.1:80', '--me', '192.0.2.1'],
  ['list'],
];

/** Runs the program's module again for each verb in one process, and writes what was compiled in the end. */
const WARM_UP = `
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const [filename, cache, verbs] = process.argv.slice(2);
// The name is in the cache, and of no consequence there.
const script = new Script(readFileSync(filename, 'latin1'), { filename: 'program.js' });
const load = createRequire(filename);
process.stdout.write = () => true;
// What is only done when something takes long would be in the cache of a busy machine alone.
require('node:perf_hooks').performance.now = () => 0;
(async () => {
  for (const words of JSON.parse(verbs)) {
    process.argv = [process.argv[0], filename, ...words];
    const program = { exports: {} };
    script.runInThisContext()(program.exports, load, program, filename, dirname(filename));
    await program.exports['./src/cli/main.ts']().ended;
  }
})();
process.on('exit', (code) => {
  if (code === 0) writeFileSync(cache, script.createCachedData());
});
`;

/** A Node that a program is built for: this one, or one of another architecture and how it is run here. */
export interface Runtime {
  /** As `process.arch` is there. */
  readonly arch: string;
  readonly command: readonly [string, ...string[]];
}

export const OWN_RUNTIME: Runtime = { arch: process.arch, command: [process.execPath] };

/** So that two builds are the same bytes: one seed always, and nothing that was compiled is dropped to save memory. */
const SAME_BYTES = ['--hash-seed=1', '--no-flush-bytecode'] as const;
/** Bytes from the start of a cache to the digest of V8's settings, four bytes, by which it knows caches of other ones. */
const SETTINGS_AT = 12;

/**
 * Makes the cache one of a process without flags, and tries it. A process has a seed of its own every time, so the seed is
 * none of what a cache depends on.
 */
const SETTLE = `
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const [filename, cache] = process.argv.slice(2);
const made = readFileSync(cache);
new Script('0').createCachedData().copy(made, ${SETTINGS_AT}, ${SETTINGS_AT}, ${SETTINGS_AT} + 4);
writeFileSync(cache, made);
const { cachedDataRejected } = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: made });
if (cachedDataRejected === true) throw new Error('V8 of Node ' + process.version + ' does not take the code cache');
`;

/** Throws where a verb fails, or V8 would not take the cache. */
export function makeCodeCache(program: string, cache: string, { command: [node, ...before] }: Runtime): void {
  const run = (input: string, flags: readonly string[], ...words: readonly string[]): void => {
    execFileSync(node, [...before, ...flags, '-', program, cache, ...words], {
      env: { ...process.env, XDPOL_AGENT_SOCKET: '', XDPOL_STATE_DIR: join(program, '../none') },
      input,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
  };
  run(WARM_UP, SAME_BYTES, JSON.stringify(VERBS));
  run(SETTLE, []);
}
