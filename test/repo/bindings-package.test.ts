/** The npm package of the bindings, as somebody who does not have this checkout installs it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packBindings } from '../../scripts/package/pack-bindings.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
let installed: string;

function runIn(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-bindings-'));
  const archive = packBindings(folder);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  runIn('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', archive]);
  installed = join(folder, 'node_modules/libbpf-ts-bindings');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('it has its sources, licence and changelog, and nothing of the checkout', () => {
  const names = runIn('sh', ['-c', 'cd node_modules/libbpf-ts-bindings && find . -type f | sort']).trim().split('\n');
  expect(names).toEqual(
    expect.arrayContaining(['./CHANGELOG.md', './LICENSE', './README.md', './binding.gyp', './src/load.cc']),
  );
  expect(names.filter((name) => name.startsWith('./test') || name.includes('tsconfig'))).toEqual([]);
});

test('the addon that comes along is used as it is, without a compiler', () => {
  const program = "import { libbpfVersion } from 'libbpf-ts-bindings'; console.log(libbpfVersion());";
  expect(runIn('node', ['--input-type=module', '-e', program])).toMatch(/^\d+\.\d+/u);
  expect(existsSync(join(installed, 'build'))).toBe(false);
});

test('its types serve a strict program', () => {
  writeFileSync(
    join(folder, 'use.ts'),
    "import { type BpfMap, loadObject } from 'libbpf-ts-bindings';\n" +
      "export const packets: BpfMap | undefined = loadObject('drop.bpf.o').maps.get('.bss');\n" +
      '// @ts-expect-error a path or bytes, not a number\n' +
      'loadObject(1);\n',
  );
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'esnext,dom'];
  expect(runIn(join(ROOT, 'node_modules/.bin/tsc'), [...options, 'use.ts'])).toBe('');
});

test('the changelog has the version of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { readonly version: string };
  expect(readFileSync(join(installed, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${version}\n`);
});
