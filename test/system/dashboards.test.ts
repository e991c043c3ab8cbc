/** The Grafana dashboard is what its generator writes, and Prometheus understands its queries. `vitest -u` rewrites it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderHostDashboard } from '../../scripts/dashboards.ts';
import { METRICS } from '../../src/exporter/catalogue.ts';

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const text = renderHostDashboard();
const dashboard = JSON.parse(text) as Dashboard;
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('dashboards/xdpol-host.json is what is generated', async () => {
  await expect(text).toMatchFileSnapshot('../../dashboards/xdpol-host.json');
});

test('every metric that it names exists', () => {
  const named = [...text.matchAll(/\bxdpol_\w+/gu)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !(name in METRICS))).toEqual([]);
});

test('Prometheus parses every query', () => {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-dashboard-'));
  try {
    const rules = expressions.map((expr, i) => ({
      record: `query:number_${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:instance|device)/gu, '.*'),
    }));
    const file = join(folder, 'queries.yaml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const said = execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect(said).toContain(`${expressions.length} rules found`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
