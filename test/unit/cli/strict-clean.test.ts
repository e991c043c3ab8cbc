/** What the project ships, prints and advises is clean under `check --strict`. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { program } from '../../support/program.ts';

const root = new URL('../../../', import.meta.url).pathname;
const HOST = ['--me', '131.107.1.1', '--me', '192.0.2.1', '--me', '2001:db8::1'];

function xdpol(
  args: readonly string[],
  input = '',
): { readonly code: number | null; readonly out: string; readonly err: string } {
  const [node, ...argv] = program('main', ...args);
  const env = { ...process.env, XDPOL_STATE_DIR: '/nonexistent', NODE_NO_WARNINGS: '1' };
  const run = spawnSync(node, argv, { cwd: root, input, env, encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const policies = readdirSync(`${root}examples`)
  .filter((name) => name.endsWith('.yaml') && name !== 'config.yaml')
  .map((name) => `examples/${name}`);
const named = [...readFileSync(`${root}README.md`, 'utf8').matchAll(/examples\/[\w-]+\.yaml/gu)].map(([name]) => name);

test('the README names examples', () => expect(named.filter((name) => policies.includes(name))).not.toEqual([]));

for (const path of new Set([...policies, ...named.filter((name) => name !== 'examples/config.yaml')])) {
  test(`check --strict ${path}`, () => {
    expect(xdpol(['check', '--strict', ...HOST, path])).toMatchObject({ code: 0 });
  });
}

const imports = [['examples/chart.csv'], ['--partial', 'test/golden/netsh/lockdown.cmd']];
for (const args of imports) {
  test(`import ${args.join(' ')}, then check --strict`, () => {
    const { code, out, err } = xdpol(['import', ...HOST, ...args]);
    expect(code).toBe(0);
    expect(err).toContain('the policy accepts these warnings');
    expect(out).toContain('means it so; not reviewed yet');
    const checked = xdpol(['check', '--strict', ...HOST, '-'], out);
    expect(checked).toMatchObject({ code: 0, err: '' });
  });
}
