/** The Debian package: installed in a root that has the C libraries and a shell, upgraded and used there, removed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERSION } from '../../src/base/version.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SESSION = fileURLToPath(new URL('package-session.sh', import.meta.url));
const MEBIBYTE = 2 ** 20;

interface Counters {
  /** Ingress first. */
  readonly interfaces: readonly {
    readonly counters: readonly { readonly rule: string | null; readonly packets: number }[];
  }[];
}

let folder: string;
let path: string;
/** What each step printed. */
let steps: ReadonlyMap<string, readonly string[]>;

function build(name: string): string {
  const words = ['run', '-s', 'package', '--', join(folder, name), '--fast'];
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1767225600' };
  return String(execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8', env }).split('\n')[0]);
}

/** The same with a lower version, which an upgrade takes the place of. */
function lowered(): string {
  const [tree, older] = [join(folder, 'older'), join(folder, 'older.deb')];
  execFileSync('dpkg-deb', ['-R', path, tree]);
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/mu, 'Version: 0.0.1'));
  execFileSync('dpkg-deb', ['-Znone', '--build', tree, older], { stdio: 'ignore' });
  return older;
}

function runSession(): ReadonlyMap<string, readonly string[]> {
  const words = ['--net', '--mount', 'sh', SESSION, lowered(), path, join(folder, 'root')];
  const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 120_000 });
  expect(status, stdout + stderr).toBe(0);
  const found = new Map<string, string[]>();
  for (const part of stdout.split(/^== /mu).slice(1)) {
    const [title = '', ...lines] = part.trimEnd().split('\n');
    const [name = '', ...rest] = title.split(' ');
    found.set(name, [...(found.get(name) ?? []), [...rest, ...lines].join('\n')]);
  }
  return found;
}

function said(step: string): string {
  return steps.get(step)?.join('\n') ?? '';
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-package-test-'));
  path = build('first');
  steps = runSession();
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the Debian package', () => {
  test('two builds are the same bytes, below 45 MiB', () => {
    expect(statSync(path).size).toBeLessThan(45 * MEBIBYTE);
    const sums = execFileSync('sha256sum', [path, build('second')], { encoding: 'utf8' });
    expect(
      new Set(
        sums
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[0]),
      ).size,
    ).toBe(1);
  });

  test('the programs run without the node of the host', () => {
    expect(said('node')).toBe('none');
    expect(said('version')).toBe(VERSION);
    expect(said('check')).toContain('Packet Filter: 3 rules, 9 filters, no errors');
    expect(said('usage')).toContain('-n PASS|BLOCK');
  });

  test('apply puts a policy in force; to install, to remove and to refuse a purge leaves the filter as it is', () => {
    expect(said('apply')).toContain('Packet Filter: in force, generation 1, on eth0');
    expect(said('status')).toContain('xdp native');
    expect(steps.get('programs')).toEqual(['0', '1', '1', '1', '1', '0']);
    expect(said('installed')).toContain('nothing is filtered by the installation');
    expect(said('removed')).toContain('what is filtered stays filtered');
    expect(said('purge')).toContain('interfaces are still filtered');
    expect(said('purge')).toMatch(/refused$/u);
  });

  test('an upgrade and the apply after it leave no frame unfiltered or uncounted', () => {
    expect(said('upgraded')).toContain('what is filtered stays filtered as before');
    expect(said('applied')).toContain('Packet Filter: in force, generation 2, on eth0');
    const sent = Number(said('sent'));
    expect(sent).toBeGreaterThan(0);
    const [ingress] = (JSON.parse(said('counted')) as Counters).interfaces;
    const packets = new Map(ingress?.counters.map((counter) => [counter.rule, counter.packets]));
    expect(packets.get('Inbound web protocols')).toBe(sent);
    expect(packets.get('All inbound traffic')).toBe(sent);
  });

  test('a member of the group reads through the agent, and nobody else does', () => {
    expect(said('member')).toContain('xdp native');
    expect(said('stranger')).toMatch(/refused$/u);
    expect(said('stranger')).not.toContain('xdp native');
  });

  test('a purge after unassign takes the store along', () => {
    expect(said('end')).toMatch(/purged\nno store$/u);
  });
});
