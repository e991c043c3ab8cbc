/** What lies beside the package, and the commands of docs/install.md that sign and check it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sbomText, sumsText } from '../../scripts/package/release-files.ts';
import { changelogText } from '../../scripts/package/texts.ts';
import { VERSION } from '../../src/base/version.ts';

const TIME = new Date('2026-01-31T00:00:00Z');

let folder: string;

/** The lines of the code block that has the word. */
function documentedCommands(word: string): string {
  const text = readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gmu)].map(([, block]) => String(block));
  return String(blocks.find((block) => block.includes(word)));
}

function isAccepted(): boolean {
  return spawnSync('sh', ['-ec', documentedCommands('-verify')], { cwd: folder }).status === 0;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-release-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a release', () => {
  test('the list of parts has the packages of the bundle, the bindings and the runtime, and no time of its own', async () => {
    const text = await sbomText(TIME);
    const sbom = JSON.parse(text) as { bomFormat: string; components: readonly { name: string; version: string }[] };
    const names = sbom.components.map(({ name }) => name);
    expect(sbom.bomFormat).toBe('CycloneDX');
    expect(names).toEqual(
      expect.arrayContaining(['ajv', 'commander', 'fastify', 'libbpf-ts-bindings', 'node', 'yaml']),
    );
    expect(names).not.toContain('vitest');
    expect(await sbomText(TIME)).toBe(text);
  });

  test('the documented commands sign the sums and refuse what was changed', () => {
    const path = join(folder, 'xdpol.deb');
    writeFileSync(path, 'a package');
    writeFileSync(join(folder, 'SHA256SUMS'), sumsText([path]));
    execFileSync('sh', ['-ec', documentedCommands('genpkey')], { cwd: folder, stdio: 'pipe' });
    expect(isAccepted()).toBe(true);
    writeFileSync(path, 'another package');
    expect(isAccepted()).toBe(false);
    writeFileSync(join(folder, 'SHA256SUMS'), sumsText([path]));
    expect(isAccepted()).toBe(false);
  });

  test('the changelog has the version of package.json', () => {
    const markdown = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
    const text = changelogText(VERSION, markdown, TIME);
    expect(text.split('\n')[0]).toBe(`xdpol (${VERSION}) stable; urgency=medium`);
    expect(text).toMatch(/^ {2}\* \S/mu);
    expect(() => changelogText('9.9.9', markdown, TIME)).toThrow('no section ## 9.9.9');
  });
});
