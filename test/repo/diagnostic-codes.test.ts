/** Catalogue, source and documentation name the same codes. `vitest -u` rewrites docs/diagnostics.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderDiagnosticsPage } from '../../scripts/docs-diagnostics.ts';
import { present } from '../../src/base/assert.ts';
import { CODES } from '../../src/policy/codes.ts';

const root = new URL('../../', import.meta.url);
const CATALOGUE = /^policy\/(?:codes|\w+-codes)\.ts$/u;

const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !CATALOGUE.test(name))
  .map((name) => ({ name, text: readFileSync(new URL(`src/${name}`, root), 'utf8') }));

/** Each code that the source reports, with the files that do. */
function codesInUse(): ReadonlyMap<string, readonly string[]> {
  const used = new Map<string, string[]>();
  for (const { name, text } of sources) {
    for (const [, code] of text.matchAll(/'(XP\d{4})'/gu)) {
      const files = used.get(present(code)) ?? [];
      used.set(present(code), [...files, name]);
    }
  }
  return used;
}

test('every code in the source is in the catalogue', () => {
  const used = codesInUse();
  expect(used.size).toBeGreaterThan(50);
  expect([...used].filter(([code]) => CODES[code] === undefined)).toEqual([]);
});

test('every code of the catalogue is in the source', () => {
  const used = codesInUse();
  expect(Object.keys(CODES).filter((code) => !used.has(code))).toEqual([]);
});

test('codes are reported with the severity of the catalogue', () => {
  const calls = sources.flatMap(({ text }) => [...text.matchAll(/\.(error|warning|note)\(\s*'(XP\d{4})'/gu)]);
  expect(calls.length).toBeGreaterThan(40);
  const wrong = calls.filter(([, severity, code]) => CODES[present(code)]?.severity !== severity);
  expect(wrong.map(([call]) => call)).toEqual([]);
});

test('docs/diagnostics.md is the catalogue', async () => {
  await expect(renderDiagnosticsPage()).toMatchFileSnapshot(new URL('docs/diagnostics.md', root).pathname);
});
