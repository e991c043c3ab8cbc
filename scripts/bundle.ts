/**
 * The program as a few files that load quickly: `src/` to `dist/`. What a verb needs is read when the verb runs.
 *
 *   dist/cli/main.js, dist/cli/ipsecpol.js   the programs
 *   dist/measure/live-child.js               a process of its own, see src/measure/live.ts
 *   dist/chunks/                             their parts; a name has a digest of its content
 *   dist/console/                            the web console, for browsers
 *   dist/bpf/                                made by bpf/Makefile; left alone
 *
 * The program's files are not minified: the lines of a stack trace can be read, and each part names the source it is
 * from. The console's are: they go over the network.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import type { BuildResult, OutputFile, Plugin } from 'esbuild';
import { build } from 'esbuild';
import { SCHEMA_IDS, schemaCompiler } from '../src/formats/yaml/validators.ts';
import { programVersion } from '../src/host/program-version.ts';

const ROOT: string = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['cli/main', 'cli/ipsecpol', 'measure/live-child'] as const;

/** Packages in CommonJS ask for Node's own modules by `require`, which ES modules do not have. */
const REQUIRE =
  "import { createRequire as createRequireOfBundle } from 'node:module';\n" +
  'const require = createRequireOfBundle(import.meta.url);';

type Joined = BuildResult<{ write: false; metafile: true }>;

/** The JSON Schemas as code, so that no process compiles them. */
const validators: Plugin = {
  name: 'validators',
  setup(context) {
    // esbuild reads the expression as Go does, which has no flag u.
    context.onLoad({ filter: /\/formats\/yaml\/validators[.]ts$/ }, ({ path }) => ({
      contents: `${standaloneCode.default(schemaCompiler(true), SCHEMA_IDS)}
        const validators = { ${Object.keys(SCHEMA_IDS).join(', ')} };
        export function validatorOf(kind) { return validators[kind]; }`,
      loader: 'js',
      resolveDir: dirname(path),
    }));
  },
};

/** Builds the program into `out`, an absolute path, and removes what an earlier build left there. */
export async function bundleProgram(out: string): Promise<void> {
  const [program, page] = [await joinSources(out), await bundleConsole(out)];
  writeParts(out, [...program.outputFiles, ...page.outputFiles]);
}

/** Folders of the npm packages that the program has parts of, the bindings among them, relative to the checkout. */
export async function bundledPackages(): Promise<readonly string[]> {
  const out = join(ROOT, 'dist');
  const parts = [await joinSources(out), await bundleConsole(out)];
  const inputs = parts.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0] ?? []);
  return [...new Set([...folders, 'node_modules/libbpf-ts-bindings'])].sort();
}

async function joinSources(out: string): Promise<Joined> {
  return await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES.map((entry) => ({ in: `src/${entry}.ts`, out: entry })),
    outdir: out,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: ['libbpf-ts-bindings'],
    banner: { js: REQUIRE },
    define: { XDPOL_SOURCES_DIGEST: JSON.stringify(programVersion()) },
    legalComments: 'none',
    plugins: [validators],
  });
}

/** One script, one style sheet, the page and its icon. */
async function bundleConsole(out: string): Promise<Joined> {
  const folder = 'src/console';
  return await build({
    absWorkingDir: ROOT,
    entryPoints: [
      { in: `${folder}/main.tsx`, out: 'app' },
      { in: `${folder}/app.css`, out: 'app' },
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

/** Parts come before the programs that name them, so a program that starts meanwhile finds all it needs. */
function writeParts(out: string, files: readonly OutputFile[]): void {
  const isProgram = ({ path }: OutputFile): boolean => !path.startsWith(join(out, 'chunks'));
  for (const file of [...files].sort((a, b) => Number(isProgram(a)) - Number(isProgram(b)))) {
    mkdirSync(dirname(file.path), { recursive: true });
    writeFileSync(`${file.path}.${process.pid}`, file.contents);
    renameSync(`${file.path}.${process.pid}`, file.path);
  }
  const kept = new Set(files.map(({ path }) => relative(out, path)));
  const old = readdirSync(out, { recursive: true, encoding: 'utf8' });
  const stale = old.filter(
    (name) => !kept.has(name) && !name.startsWith('bpf') && /\.(?:js|json|ts|tsbuildinfo)$/u.test(name),
  );
  for (const name of stale) rmSync(join(out, name));
}
