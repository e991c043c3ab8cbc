/**
 * The program as it is built: `src/` to `dist/`.
 *
 *   dist/cli/main.js, dist/cli/ipsecpol.js   start the programs
 *   dist/agent/question-thread.js            starts a thread of the agent, see src/agent/questions
 *   dist/measure/live-child.js               starts a process of its own, see src/measure/veth-frames.ts
 *   dist/program/program-*.js                all of the sources; a name has a digest of the content
 *   dist/program/program-*.cache             what V8 compiled of it, for this version of Node and this architecture
 *   dist/program/packages-*.js               packages of the agent and of the authority
 *   dist/console/                            the web console, for browsers
 *   dist/bpf/                                made by bpf/Makefile; left alone
 *
 * The program's files are not minified: the lines of a stack trace can be read, and each part names the source it is
 * from. The console's are: they go over the network. A process has read all of the program when it starts, so an agent
 * that runs misses nothing when another version takes the place of its files.
 *
 * Node's start-up snapshot does not take the cache's place. It was measured: a process reads some 10 MB of heap and is
 * slower by 10 to 20 ms, and V8 takes a snapshot only on processors with the features of the one that made it. Neither
 * does a bundle of `check` alone: 3 ms of 36.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildResult } from 'esbuild';
import { build } from 'esbuild';
import { buildProgram } from './bundle-program.ts';
import type { Runtime } from './make-code-cache.ts';
import { makeCodeCache, OWN_RUNTIME } from './make-code-cache.ts';

const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

type Joined = BuildResult<{ write: false; metafile: true }>;

/** Builds the program into `out`, an absolute path, and removes what an earlier build left there. */
export async function bundleProgram(out: string, runtime: Runtime = OWN_RUNTIME): Promise<void> {
  const [{ parts, starts, program, cache }, page] = [await buildProgram(runtime.arch), await bundleConsole(out)];
  for (const { path, text } of parts) writeWhole(join(out, path), text);
  makeCodeCache(join(out, program), join(out, cache), runtime);
  for (const { path, contents } of page.outputFiles) writeWhole(path, contents);
  // Last, so that a program that starts meanwhile finds all it needs.
  for (const { path, text } of starts) writeWhole(join(out, path), text);
  const shown = page.outputFiles.map(({ path }) => relative(out, path));
  removeOthers(out, new Set([...[...parts, ...starts].map(({ path }) => path), ...shown, cache]));
}

/** Folders of the npm packages that the program has parts of, the bindings among them, relative to the checkout. */
export async function bundledPackages(): Promise<readonly string[]> {
  const page = await bundleConsole(join(ROOT, 'dist'));
  const inputs = [...(await buildProgram(process.arch)).metafiles, page.metafile].flatMap(({ inputs }) =>
    Object.keys(inputs),
  );
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0] ?? []);
  return [...new Set([...folders, 'node_modules/libbpf-ts-bindings'])].sort();
}

/** One script, one style sheet, the page and its icon. */
async function bundleConsole(out: string): Promise<Joined> {
  const folder = 'src/console';
  return await build({
    absWorkingDir: ROOT,
    entryPoints: [
      { in: `${folder}/main.tsx`, out: 'app' },
      { in: `${folder}/style.css`, out: 'app' },
      { in: `${folder}/index.html`, out: 'index' },
      { in: `${folder}/icon.svg`, out: 'icon' },
    ],
    loader: { '.html': 'copy', '.svg': 'copy' },
    outdir: join(out, 'console'),
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: ['chrome120', 'firefox121', 'safari17'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  });
}

function writeWhole(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

function removeOthers(out: string, kept: ReadonlySet<string>): void {
  const all = readdirSync(out, { recursive: true, encoding: 'utf8' });
  const stale = all.filter(
    (name) => !kept.has(name) && !name.startsWith('bpf') && /\.(?:js|json|ts|tsbuildinfo|cache)$/u.test(name),
  );
  for (const name of stale) rmSync(join(out, name));
}
