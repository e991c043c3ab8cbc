/** The catalogue of metrics and docs/metrics.md say the same, both ways; that a scrape says it too is a system test. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '../../src/exporter/metric-catalogue.ts';

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

/** `| name | type | labels | meaning |` */
const ROW = /^\| `(?<name>xdpol_\w+)` \| (?<type>\w+) \| (?<labels>[\w, ]*)\| (?<meaning>[^|]+) \|$/gmu;

function documented(): readonly string[] {
  return [...page.matchAll(ROW)].map(
    ({ groups }) => `${groups?.['name']} ${groups?.['type']} (${groups?.['labels']?.trim()})`,
  );
}

test('docs/metrics.md has every metric, its type and its labels, and no other', () => {
  const catalogue = Object.entries(METRICS).map(([name, { type, labels }]) => `${name} ${type} (${labels.join(', ')})`);
  expect(catalogue.length).toBeGreaterThan(15);
  expect([...documented()].sort()).toEqual(catalogue.sort());
});

test('docs/metrics.md mentions no metric that does not exist', () => {
  const mentioned = [...page.matchAll(/xdpol_\w+/gu)].map(([name]) => name).filter((name) => !(name in METRICS));
  expect(mentioned).toEqual([]);
});

test('names and labels follow the conventions of Prometheus', () => {
  for (const [name, { type, labels, help }] of Object.entries(METRICS)) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(
      [...labels].filter((label) => !/^[a-z]+(?:_[a-z]+)*$/u.test(label)),
      name,
    ).toEqual([]);
    expect(help, name).toMatch(/^[A-Z0-9].*\.$/u);
  }
});
