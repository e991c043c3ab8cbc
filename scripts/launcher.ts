/** The file by which a program is started: it reads the program with its code cache, and starts one module of it. */

export interface ProgramPaths {
  /** Below dist. */
  readonly program: string;
  readonly packages: string;
}

/**
 * Where a process of this version of Node looks for the code cache of a program. V8 refuses a cache of another version, but takes one
 * of another architecture and crashes.
 */
export function cachePath(program: string, arch: string): string {
  return `${program}-${process.version}-${arch}.cache`;
}

/** Parts of Node that take milliseconds to load, and that many verbs never call. */
const LAZY = [
  'node:child_process',
  'node:crypto',
  'node:dns/promises',
  'node:http',
  'node:https',
  'node:perf_hooks',
  'node:readline/promises',
  'node:tls',
  'node:zlib',
] as const;

/** The native addon, as the program asks for it, and where its package has it. */
export const ADDON = {
  package: 'libbpf-ts-bindings',
  name: 'libbpf-ts-bindings/bindings.node',
  path: 'dist/bindings.node',
} as const;

/** V8 refuses a cache of another version or other settings; then it compiles as it goes. */
export function launcherText(module: string, packages: readonly string[], paths: ProgramPaths): string {
  return `#!/usr/bin/env node
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join, dirname } = require('node:path');
const { Script } = require('node:vm');
const dist = join(__dirname, '..');
const LAZY = new Set(${JSON.stringify(LAZY)});
const PACKAGES = new Set(${JSON.stringify(packages)});
/** Loads a module when something of it is asked for. */
function loadLater(name) {
  let loaded;
  const load = () => (loaded ??= require(name));
  return new Proxy({}, {
    get: (_, key) => load()[key],
    has: (_, key) => key in load(),
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor: (_, key) => ({ ...Reflect.getOwnPropertyDescriptor(load(), key), configurable: true }),
  });
}
/** By its path, where it stands beside the program: looking it up in a package's exports takes milliseconds. */
const addon = join(dist, '../node_modules/${ADDON.package}', '${ADDON.path}');
function load(name) {
  if (name === '${ADDON.name}') return require(existsSync(addon) ? addon : name);
  if (PACKAGES.has(name)) return require(join(dist, '${paths.packages}'))[name]();
  return LAZY.has(name) ? loadLater(name) : require(name);
}
const filename = join(dist, '${paths.program}');
function readCache() {
  try {
    return readFileSync(\`\${filename}-\${process.version}-\${process.arch}.cache\`);
  } catch {
    return undefined;
  }
}
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: readCache() });
const program = { exports: {} };
script.runInThisContext()(program.exports, load, program, filename, dirname(filename));
program.exports['${module}']();
`;
}
