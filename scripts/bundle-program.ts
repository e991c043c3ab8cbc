/** The program as two files of CommonJS, so that a start reads one file and compiles next to nothing. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { build, transform } from 'esbuild';
import { SCHEMA_IDS, schemaCompiler } from '../src/formats/yaml/validators.ts';
import { programVersion } from '../src/host/program-version.ts';
import { ADDON, cachePath, launcherText } from './launcher.ts';

const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

/** Modules that are started, each by a file of its name in dist. */
const ENTRIES = ['cli/main', 'cli/ipsecpol', 'agent/question-thread', 'measure/live-child'] as const;

/** Packages of the agent and of the authority: verbs need none, so these are in a file of their own. */
const APART = ['@peculiar/x509', 'fastify', 'pino', 'prom-client', 'reflect-metadata'] as const;

export interface BuiltFile {
  /** Below the folder that is built. */
  readonly path: string;
  readonly text: string;
}

export interface BuiltProgram {
  readonly parts: readonly BuiltFile[];
  /** By which programs are started. */
  readonly starts: readonly BuiltFile[];
  /** Of the parts the path of the program. */
  readonly program: string;
  /** Where its code cache goes. */
  readonly cache: string;
  readonly metafiles: readonly Metafile[];
}

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // Nothing is left that another loader would have to find.
  supported: { 'dynamic-import': false },
  legalComments: 'none',
} as const satisfies BuildOptions;

/** The JSON Schemas as code, so that no process compiles them. Nobody reads it, so it is short. */
const validators: Plugin = {
  name: 'validators',
  setup(context) {
    // esbuild reads the expression as Go does, which has no flag u.
    context.onLoad({ filter: /\/formats\/yaml\/validators[.]ts$/ }, async ({ path }) => {
      const code = standaloneCode.default(schemaCompiler(true), SCHEMA_IDS);
      const short = await transform(code, { format: 'esm', minifySyntax: true, minifyWhitespace: true });
      const contents = `${short.code}
        const validators = { ${Object.keys(SCHEMA_IDS).join(', ')} };
        export function validatorOf(kind) { return validators[kind]; }`;
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/** The bindings are part of the program; the addon stays a file of its package. */
const bindings: Plugin = {
  name: 'bindings',
  setup(context) {
    context.onResolve({ filter: /^libbpf-ts-bindings$/ }, () => ({ path: join(ROOT, 'native/index.ts') }));
    context.onLoad({ filter: /\/native\/lib\/addon[.]ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace('createRequire(import.meta.url)(ADDON_PATH)', `require('${ADDON.name}')`);
      if (contents === text) throw new Error(`${path} loads the addon in another way than the build knows`);
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
};

/** `arch`: of the Node that is to run it. */
export async function buildProgram(arch: string): Promise<BuiltProgram> {
  const packages = await joinOf(APART, {});
  const program = await joinOf(
    ENTRIES.map((entry) => `./src/${entry}.ts`),
    {
      external: [...APART, ADDON.name],
      define: { XDPOL_SOURCES_DIGEST: JSON.stringify(programVersion()), 'import.meta.url': 'ownUrl' },
      banner: {
        js:
          '(function (exports, require, module, __filename, __dirname) {\n' +
          "const ownUrl = require('node:url').pathToFileURL(__filename).href;",
      },
      footer: { js: '})' },
      plugins: [validators, bindings],
    },
  );
  const paths = {
    packages: `program/packages-${digestOf(packages.text)}.js`,
    program: `program/program-${digestOf(program.text)}.js`,
  };
  const launchers = ENTRIES.map((entry) => ({
    path: `${entry}.js`,
    text: launcherText(`./src/${entry}.ts`, APART, paths),
  }));
  return {
    parts: [
      { path: paths.packages, text: packages.text },
      { path: paths.program, text: program.text },
    ],
    starts: [{ path: 'package.json', text: '{ "type": "commonjs" }\n' }, ...launchers],
    program: paths.program,
    cache: cachePath(paths.program, arch),
    metafiles: [packages.metafile, program.metafile],
  };
}

/** One file that exports a function for each module, by its name. */
async function joinOf(
  modules: readonly string[],
  options: BuildOptions,
): Promise<{ readonly text: string; readonly metafile: Metafile }> {
  const loaders = modules.map((name) => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`);
  const stdin = { contents: `module.exports = { ${loaders.join(', ')} };`, resolveDir: ROOT };
  const { outputFiles, metafile } = await build({ ...COMMON, ...options, stdin, write: false, metafile: true });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild wrote no file');
  return { text: file.text, metafile };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
