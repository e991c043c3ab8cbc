/** The Grafana dashboards are what their generators write, and Prometheus understands their queries. `vitest -u` rewrites them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderFleetDashboard } from '../../scripts/fleet-dashboard.ts';
import { renderHostDashboard } from '../../scripts/host-dashboard.ts';
import { METRICS } from '../../src/exporter/metric-catalogue.ts';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const DASHBOARDS = [
  ['xdpol-host', renderHostDashboard()],
  ['xdpol-fleet', renderFleetDashboard()],
] as const;

/** What Grafana puts in the place of its variables where all is chosen. */
function fillIn(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:instance|device|target)/gu, '.*');
}

function promtool(kind: 'check' | 'test', content: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'xdpol-dashboard-'));
  try {
    const file = join(folder, 'queries.yaml');
    writeFileSync(file, JSON.stringify(content));
    return execFileSync('promtool', [kind, 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(DASHBOARDS)('%s', (name, text) => {
  const { panels } = JSON.parse(text) as Dashboard;

  test('the file is what is generated', async () => {
    await expect(text).toMatchFileSnapshot(`../../dashboards/${name}.json`);
  });

  test('every metric that it names exists', () => {
    const named = [...text.matchAll(/\bxdpol_\w+/gu)].map(([metric]) => metric);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((metric) => !(metric in METRICS))).toEqual([]);
  });

  test('every panel has a place within the width', () => {
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test('Prometheus parses every query', () => {
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => fillIn(expr)));
    const rules = expressions.map((expr, i) => ({ record: `query:number_${i}`, expr }));
    const said = promtool('check', { groups: [{ name: 'dashboard', rules }] });
    expect(said).toContain(`${expressions.length} rules found`);
  });
});

test('the fleet: each host counts where it belongs, also where it has no order or hears of no front', () => {
  const host = (instance: string, isInSync: number | undefined, contact: number): readonly object[] => [
    { series: `xdpol_fleet_last_contact_seconds{instance="${instance}"}`, values: `${contact}` },
    ...(isInSync === undefined
      ? []
      : [
          { series: `xdpol_fleet_desired_info{instance="${instance}",group="group/web",hash="ab"}`, values: '1' },
          { series: `xdpol_fleet_in_sync{instance="${instance}"}`, values: `${isInSync}` },
        ]),
  ];
  const { panels } = JSON.parse(renderFleetDashboard()) as Dashboard;
  const standing = (title: string, value: number): object => {
    const expr = panels.find((panel) => panel.title === title)?.targets[0]?.expr ?? '';
    return { expr: fillIn(expr), eval_time: '0m', exp_samples: [{ labels: '{}', value }] };
  };
  const content = {
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [...host('a', 1, 3), ...host('b', 1, 700), ...host('c', 0, 5), ...host('d', undefined, 9)],
        promql_expr_test: [
          standing('Hosts with an order', 3),
          standing('In sync', 2),
          standing('Not in sync', 1),
          standing('Hear of no front', 1),
          standing('Without an order', 1),
          standing('Open interfaces', 0),
        ],
      },
    ],
  };
  expect(promtool('test', content)).toContain('SUCCESS');
});
