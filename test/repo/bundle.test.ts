/** The program as it is built: it is that of the sources, and a verb loads what it needs and no more. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleProgram } from '../../scripts/bundle.ts';
import { VERSION } from '../../src/base/version.ts';
import { programVersion } from '../../src/host/program-version.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/packet-filter.yaml');

let folder: string;
let out: string;

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(process.execPath, [join(out, `cli/${program}.js`), ...args], { encoding: 'utf8', stdio: 'pipe' });
}

/** Files that `import` statements lead to, those of `import()` not included. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|\} from) ?(?:[^'"\n]* from )?["'](\.[^"']+)["'];/gmu);
  for (const [, path] of imports) loadedWith(join(dirname(file), String(path)), seen);
  return seen;
}

/** The sources that a file is made of, by the comments in front of them. */
function sourcesOf(files: Iterable<string>): readonly string[] {
  return [...files].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^ *\/\/ ((?:src|node_modules)\/\S+)$/gmu)].map(([, name]) => String(name)),
  );
}

function verbFile(verb: string): string {
  const parts = readdirSync(join(out, 'chunks')).map((name) => join(out, 'chunks', name));
  return String(parts.find((path) => sourcesOf([path]).includes(`src/cli/commands/${verb}.ts`)));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-bundle-'));
  out = join(folder, 'dist');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  await bundleProgram(out);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the built program', () => {
  test('has the version of package.json and the digest of the sources', () => {
    expect(run('main', '--version').trim()).toBe(VERSION);
    const parts = readdirSync(join(out, 'chunks')).map((name) => readFileSync(join(out, 'chunks', name), 'utf8'));
    expect(parts.filter((text) => text.includes(programVersion()))).toHaveLength(1);
  });

  test('reads policies as the sources do, what a schema says included', () => {
    expect(run('main', 'check', EXAMPLE, '--me', '131.107.1.1')).toBe('Packet Filter: 3 rules, 9 filters, no errors\n');
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'name: x\ndefault: maybe\nrules: [{ filters: ["*+me"], action: block }]\nruls: []\n');
    const said = JSON.parse(failureOf('check', file, '--json')) as { diagnostics: readonly { code: string }[] };
    expect(said.diagnostics.map(({ code }) => code)).toEqual(expect.arrayContaining(['XP0005', 'XP0008']));
  });

  test('check loads its own packages: no schema compiler, no agent, no kernel bindings', () => {
    const files = new Set([...loadedWith(join(out, 'cli/main.js')), ...loadedWith(verbFile('check'))]);
    const packages = new Set(sourcesOf(files).flatMap((name) => /^node_modules\/([^/]+)/u.exec(name)?.[1] ?? []));
    expect([...packages].filter((name) => name !== 'ajv').sort()).toEqual(['commander', 'yaml']);
    expect(sourcesOf(files).filter((name) => /^node_modules\/ajv\/(?!dist\/runtime)/u.test(name))).toEqual([]);
    expect([...files].filter((file) => readFileSync(file, 'utf8').includes('from "libbpf-ts-bindings"'))).toEqual([]);
    expect(sourcesOf(loadedWith(verbFile('agent')))).toContain('node_modules/fastify/fastify.js');
  });

  test('a second build leaves nothing of the first', async () => {
    writeFileSync(join(out, 'chunks/old-ABCDEFGH.js'), '');
    await bundleProgram(out);
    expect(() => readFileSync(join(out, 'chunks/old-ABCDEFGH.js'))).toThrow('ENOENT');
    expect(run('ipsecpol', '-?')).toContain('ipsecpol');
  });
});

function failureOf(...args: readonly string[]): string {
  try {
    run('main', ...args);
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
  throw new Error(`${args.join(' ')} succeeded`);
}
