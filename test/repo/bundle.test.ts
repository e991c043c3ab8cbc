/** The program as it is built: it is that of the sources, whole in each process, and starts with what V8 compiled before. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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

function partNamed(pattern: RegExp): string {
  const names = readdirSync(join(out, 'program')).filter((name) => pattern.test(name));
  expect(names).toHaveLength(1);
  return join(out, 'program', String(names[0]));
}

/** What a part asks for at run time, but for Node's own modules. */
function requiredBy(text: string): readonly string[] {
  const names = [...text.matchAll(/\brequire\(["']([^"']+)["']\)/gu)].map(([, name]) => String(name));
  // What ajv and fast-json-stringify would write into code that they generate is a text.
  return [...new Set(names)].filter((name) => !isBuiltin(name) && !/^(?:ajv|fast-json-stringify)\b/u.test(name)).sort();
}

const CHECK = ['check', EXAMPLE, '--me', '131.107.1.1'] as const;
const CHECKED = 'Packet Filter: 3 rules, 9 filters, no errors\n';

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
    const digests = readFileSync(partNamed(/^program-.*js$/u), 'utf8').split(programVersion()).length - 1;
    expect(digests).toBe(1);
  });

  test('reads policies as the sources do, what a schema says included', () => {
    expect(run('main', ...CHECK)).toBe(CHECKED);
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'name: x\ndefault: maybe\nrules: [{ filters: ["*+me"], action: block }]\nruls: []\n');
    const said = JSON.parse(failureOf('check', file, '--json')) as { diagnostics: readonly { code: string }[] };
    expect(said.diagnostics.map(({ code }) => code)).toEqual(expect.arrayContaining(['XP0005', 'XP0008']));
  });

  test('a process has all of the program when it starts: it goes on when other files take their place', () => {
    const program = readFileSync(partNamed(/^program-.*js$/u), 'utf8');
    const addon = 'libbpf-ts-bindings/bindings.node';
    expect(requiredBy(program)).toEqual(
      ['@peculiar/x509', 'fastify', addon, 'pino', 'prom-client', 'reflect-metadata'].sort(),
    );
    expect(program).not.toMatch(/\bimport\(/u);
    expect(requiredBy(readFileSync(partNamed(/^packages-/u), 'utf8'))).toEqual([]);
  });

  test('check needs no package of the agent and no kernel bindings', () => {
    const alone = join(folder, 'alone');
    cpSync(out, join(alone, 'dist'), { recursive: true });
    rmSync(join(alone, 'dist/program', basename(partNamed(/^packages-/u))));
    const argv = [join(alone, 'dist/cli/main.js'), ...CHECK];
    expect(execFileSync(process.execPath, argv, { encoding: 'utf8' })).toBe(CHECKED);
  });

  test('a process of another version or architecture reads no cache', () => {
    const look = (key: 'arch' | 'version', value: string): string => {
      const script = `Object.defineProperty(process, '${key}', { value: '${value}' });
        const vm = require('node:vm');
        vm.Script = class extends vm.Script {
          constructor(text, options) { super(text, options); console.log(options.cachedData !== undefined); }
        };
        require('${join(out, 'cli/main.js')}');`;
      return execFileSync(process.execPath, ['-e', script, 'main.js', '--version'], { encoding: 'utf8' });
    };
    expect(look('arch', process.arch)).toMatch(/^true\n/u);
    expect(look('arch', 'elsewhere')).toMatch(/^false\n/u);
    expect(look('version', 'v0.0.0')).toMatch(/^false\n/u);
  });

  test('the code cache is taken; without it, or with one of something else, the program does the same', () => {
    const [program, cache] = [partNamed(/^program-.*js$/u), partNamed(/cache$/u)];
    const cachedData = readFileSync(cache);
    const look = `const { readFileSync } = require('node:fs');
      const [, , filename, cache] = process.argv;
      const script = new (require('node:vm').Script)(readFileSync(filename, 'latin1'), { filename, cachedData: readFileSync(cache) });
      process.stdout.write(String(script.cachedDataRejected));`;
    expect(execFileSync(process.execPath, ['-', program, cache], { encoding: 'utf8', input: look })).toBe('false');
    for (const wrong of [Buffer.from('nothing'), Buffer.alloc(cachedData.length), cachedData.subarray(0, 5000)]) {
      writeFileSync(cache, wrong);
      expect(run('main', ...CHECK)).toBe(CHECKED);
    }
    rmSync(cache);
    expect(run('main', ...CHECK)).toBe(CHECKED);
  });

  test('a second build leaves nothing of the first', async () => {
    const old = ['program/program-000000000000.js', 'program/program-000000000000.cache'];
    for (const name of old) writeFileSync(join(out, name), '');
    await bundleProgram(out);
    for (const name of old) expect(existsSync(join(out, name))).toBe(false);
    expect(existsSync(partNamed(/cache$/u))).toBe(true);
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
