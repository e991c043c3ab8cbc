/** Who may import whom, by the table of ARCHITECTURE.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';

const root = new URL('../../', import.meta.url);

interface Layer {
  /** Modules of src besides base and itself. */
  readonly modules: readonly string[];
  /** Modules of which only types may be imported. */
  readonly typesOf: readonly string[];
  /** Packages, and `node:` for anything of Node's. */
  readonly packages: readonly string[];
}

/** `| `module` | what it is | imports | packages |` */
const ROW = /^\| `(?<module>[a-z]+)` \|[^|]*\|(?<imports>[^|]*)\|(?<packages>[^|]*)\|$/gmu;

function listed(cell: string): readonly string[] {
  const words = cell.split(',').map((word) => word.trim());
  return words.filter((word) => word !== '' && word !== '-');
}

function readLayers(): Readonly<Record<string, Layer>> {
  const text = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
  const rows = [...text.matchAll(ROW)].map(({ groups = {} }) => {
    const imports = listed(present(groups['imports']));
    return [
      present(groups['module']),
      {
        modules: imports.filter((name) => !name.endsWith(' types')),
        typesOf: imports.filter((name) => name.endsWith(' types')).map((name) => name.replace(' types', '')),
        packages: listed(present(groups['packages'])).map((name) => (name === 'node' ? 'node:' : name)),
      },
    ] as const;
  });
  return Object.fromEntries(rows);
}

const LAYERS = readLayers();

/** Static and dynamic imports and re-exports: the specifier is the last string of the statement. */
const IMPORT = /^\s*(?:import|export)\b(\s+type\b)?[^'";]*?from\s*'([^']+)'|(?:^import\s+|\bimport\(\s*)'([^']+)'/gmu;

interface Import {
  readonly file: string;
  readonly module: string;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(new URL(`src/${file}`, root), 'utf8');
  const module = present(file.split('/')[0]);
  return [...text.matchAll(IMPORT)].map(([, type, from, bare]) => ({
    file,
    module,
    specifier: present(from ?? bare),
    isTypeOnly: type !== undefined,
  }));
}

const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.tsx?$/u.test(name),
);
const imports = files.flatMap(importsOf);

/** The module of src that a relative import leads to, or undefined for a package. */
function targetModule({ file, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(file), specifier).split('/')[0];
}

/** `ajv/dist/2020.js` is of ajv, `@scope/name/part` of @scope/name. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:';
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function isAllowed(found: Import): boolean {
  const layer = LAYERS[found.module];
  if (layer === undefined) return false;
  if (found.file === 'base/version.ts') return found.specifier === '../../package.json';
  const target = targetModule(found);
  if (target !== undefined) {
    const isTypeAllowed = found.isTypeOnly && layer.typesOf.includes(target);
    return target === found.module || target === 'base' || layer.modules.includes(target) || isTypeAllowed;
  }
  return layer.packages.includes(packageOf(found.specifier));
}

describe('layers', () => {
  test('the table is read', () => {
    expect(LAYERS).toMatchObject({
      policy: { modules: ['layout'], packages: [] },
      engine: { modules: ['policy', 'compiler', 'layout'], packages: ['libbpf-ts-bindings', 'node:'] },
    });
    expect(Object.keys(LAYERS).length).toBeGreaterThan(12);
  });

  test('imports are found in every kind of statement', () => {
    const text =
      "import a from 'a';\nimport type {\n  B,\n} from './b.ts';\nexport * from '../c.ts';\nimport 'd';\nawait import('e');\n";
    expect([...text.matchAll(IMPORT)].map(([, , from, bare]) => from ?? bare)).toEqual([
      'a',
      './b.ts',
      '../c.ts',
      'd',
      'e',
    ]);
    expect(imports.length).toBeGreaterThan(300);
  });

  test('every module of src has its line', () => {
    expect(
      [...new Set(files.map((file) => present(file.split('/')[0])))].filter((module) => LAYERS[module] === undefined),
    ).toEqual([]);
  });

  test('no import that the table does not allow', () => {
    const wrong = imports
      .filter((found) => !isAllowed(found))
      .map(({ file, specifier }) => `${file} imports ${specifier}`);
    expect(wrong).toEqual([]);
  });

  test('the pure modules have nothing of Node, not even a global', () => {
    const pure = /^(?:base|layout|policy|compiler)\//u;
    const impure = /\b(?:process|Buffer|__dirname|performance|Date|setTimeout|fetch)[.(]|\bMath\.random\b/u;
    const text = (file: string): string =>
      readFileSync(new URL(`src/${file}`, root), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gsu, '');
    expect(files.filter((file) => pure.test(file) && impure.test(text(file)))).toEqual([]);
  });

  test('only the engine, what measures it and the command line name the native package', () => {
    const users = imports.filter(({ specifier }) => specifier === 'libbpf-ts-bindings').map(({ module }) => module);
    expect([...new Set(users)].filter((module) => !['cli', 'engine', 'host', 'measure'].includes(module))).toEqual([]);
  });

  test('the table has no way round', () => {
    const reaches = (from: string, seen: readonly string[]): readonly string[] =>
      present(LAYERS[from]).modules.flatMap((to) =>
        seen.includes(to) ? [`${[...seen, to].join(' > ')}`] : reaches(to, [...seen, to]),
      );
    expect(Object.keys(LAYERS).flatMap((module) => reaches(module, [module]))).toEqual([]);
  });
});

const BANNED: ReadonlySet<string> = new Set(['manager', 'helper', 'utils', 'info', 'data', 'misc']);

describe('terminal', () => {
  const source = (file: string): string =>
    readFileSync(new URL(`src/${file}`, root), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gsu, '');

  test('only cli/render writes to it', () => {
    // It is a process of its own, and what it writes is read by the one that started it.
    const isFree = (file: string): boolean => file.startsWith('cli/render/') || file === 'measure/live-child.ts';
    const writes = /\bprocess\.(?:stdout|stderr)\b|\bconsole\.(?!ts\b)\w/u;
    expect(files.filter((file) => writes.test(source(file)) && !isFree(file))).toEqual([]);
    expect(writes.test(source('cli/render/terminal.ts'))).toBe(true);
  });

  test('only the command line ends the process or reads its arguments', () => {
    const isCli = (file: string): boolean => file.startsWith('cli/') || file === 'measure/live-child.ts';
    const ends = /\bprocess\.(?:exit|exitCode|argv)\b/u;
    expect(files.filter((file) => ends.test(source(file)) && !isCli(file))).toEqual([]);
  });
});

describe('names of files', () => {
  const folders = ['bench', 'bpf', 'demo', 'native/lib', 'native/src', 'native/test', 'scripts', 'src', 'test'];
  const all = folders.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => !/(?:^|\/)(?:node_modules|build)\//u.test(name))
      .map((name) => `${folder}/${name}`),
  );

  test('none is a word that says nothing', () => {
    expect(all.length).toBeGreaterThan(150);
    const words = (path: string): readonly string[] =>
      posix
        .basename(path)
        .toLowerCase()
        .split(/[^a-z]+/u);
    expect(
      all.filter((path) =>
        words(path).some((word) => BANNED.has(word) || BANNED.has(`${word}s`) || BANNED.has(word.replace(/s$/u, ''))),
      ),
    ).toEqual([]);
  });

  test('TypeScript is in kebab case', () => {
    const wrong = all.filter(
      (path) => path.endsWith('.ts') && !/^[a-z0-9-]+(?:\.[a-z]+)*\.ts$/u.test(posix.basename(path)),
    );
    expect(wrong).toEqual([]);
  });
});
