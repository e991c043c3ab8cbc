/** The man pages that the package has: all of them, and none that groff warns of. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeManPages } from '../../scripts/man/write-pages.ts';
import { buildProgram, VERB_NAMES } from '../../src/cli/build-program.ts';
import policySchema from '../../src/formats/yaml/policy.schema.json' with { type: 'json' };

let folder: string;
let pages: readonly string[];

function shown(name: string): string {
  const path = pages.find((page) => basename(page) === name);
  const env = { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '', GROFF_NO_SGR: '1' };
  return execFileSync('man', ['-l', String(path)], { encoding: 'utf8', env });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-man-'));
  pages = await writeManPages(folder, '2026-01-31');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('man pages', () => {
  test('there is one for each program, verb and file', () => {
    const verbs = VERB_NAMES.filter((name) => name !== 'ipsecpol').map((name) => `xdpol-${name}.8`);
    expect(pages.map((path) => basename(path)).sort()).toEqual(
      ['ipsecpol.8', 'xdpol-config.5', 'xdpol-policy.5', 'xdpol.8', ...verbs].sort(),
    );
  });

  test('groff has nothing to warn of', () => {
    const warnings = pages.map((path) => {
      const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-K', 'utf8', '-z', path], {
        encoding: 'utf8',
      });
      return { page: basename(path), stderr, status };
    });
    expect(warnings.filter(({ stderr, status }) => stderr !== '' || status !== 0)).toEqual([]);
  });

  test('a verb has every option of its help, and its examples', async () => {
    const text = shown('xdpol-apply.8');
    const apply = (await buildProgram('apply')).commands.find((command) => command.name() === 'apply');
    const options = apply?.options.map(({ long }) => String(long)) ?? [];
    expect(options).toContain('--dry-run');
    expect(options.filter((option) => !text.includes(option))).toEqual([]);
    expect(text).toContain('xdpol apply edge.yaml -i eth0 --confirm 60s');
  });

  test('a policy page has every key, ipsecpol its usage, xdpol its exit codes', () => {
    const text = shown('xdpol-policy.5');
    const keys = [...Object.keys(policySchema.properties), ...Object.keys(policySchema.$defs.filter.properties)];
    expect(keys.filter((key) => key !== '$schema' && !text.includes(key))).toEqual([]);
    expect(shown('ipsecpol.8')).toContain('-n PASS|BLOCK');
    expect(shown('xdpol.8')).toMatch(/EXIT CODES\s+0 ok/u);
  });
});
