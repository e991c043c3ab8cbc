/**
 * dashboards/*.json, for Grafana 10 or newer. The test of the dashboards writes them:
 * `npx vitest run test/system/dashboards.test.ts -u`; without -u it compares.
 */

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
const HOST = 'instance=~"$instance"';
/** Grid units; a row of the dashboard has 24. */
const HEIGHT = 8;

type Unit = 'pps' | 'bps' | 's' | 'bytes' | 'short' | 'dateTimeFromNow';

interface Query {
  readonly expression: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'timeseries' | 'table' | 'stat';
  readonly unit: Unit;
  readonly width: 8 | 12 | 24;
  readonly queries: readonly Query[];
}

const rate = (metric: string, labels: string): string => `rate(${metric}{${HOST},${labels}}[$__rate_interval])`;

/** What one host, or several chosen ones, do. */
const HOST_PANELS: readonly Panel[] = [
  {
    title: 'Packets by verdict',
    description: 'Packets a second that pass and that are dropped, by interface.',
    type: 'timeseries',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: `sum by (instance, device, verdict) (${rate('xdpol_packets_total', 'device=~"$device"')})`,
        legend: '{{instance}} {{device}} {{verdict}}',
      },
    ],
  },
  {
    title: 'Traffic by verdict',
    description: 'Bits a second of the frames, from the Ethernet header on.',
    type: 'timeseries',
    unit: 'bps',
    width: 12,
    queries: [
      {
        expression: `8 * sum by (instance, device, verdict) (${rate('xdpol_bytes_total', 'device=~"$device"')})`,
        legend: '{{instance}} {{device}} {{verdict}}',
      },
    ],
  },
  {
    title: 'Rules that drop most',
    description: 'The ten blocking rules, and the default, with the most packets a second.',
    type: 'timeseries',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: `topk(10, sum by (policy, rule) (${rate('xdpol_rule_packets_total', 'device=~"$device",action="block"')}))`,
        legend: '{{policy}}: {{rule}}',
      },
      {
        expression: `sum by (policy) (${rate('xdpol_default_packets_total', 'device=~"$device",action="block"')})`,
        legend: '{{policy}}: default',
      },
    ],
  },
  {
    title: 'Packets that could not be read, and exemptions',
    description: 'By reason. Fragments are counted here besides being decided.',
    type: 'timeseries',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: `sum by (reason, verdict) (${rate('xdpol_parse_packets_total', 'device=~"$device"')})`,
        legend: '{{reason}} {{verdict}}',
      },
      {
        expression: `sum by (exemption) (${rate('xdpol_exempt_packets_total', 'device=~"$device"')})`,
        legend: 'exempt: {{exemption}}',
      },
    ],
  },
  {
    title: 'Rules',
    description: 'Each rule of the policy in force: its rate now, its total, and when it last decided a packet.',
    type: 'table',
    unit: 'short',
    width: 24,
    queries: [
      {
        expression: `sum by (instance, policy, rule, action) (${rate('xdpol_rule_packets_total', 'device=~"$device"')})`,
        legend: 'packets a second',
      },
      {
        expression: `sum by (instance, policy, rule, action) (xdpol_rule_packets_total{${HOST},device=~"$device"})`,
        legend: 'packets',
      },
      {
        expression: `1000 * max by (instance, policy, rule) (xdpol_rule_last_match_timestamp_seconds{${HOST},device=~"$device"})`,
        legend: 'last match',
      },
    ],
  },
  {
    title: 'Policy in force',
    description: 'Name, hash and generation on each host.',
    type: 'table',
    unit: 'short',
    width: 12,
    queries: [{ expression: `xdpol_policy_info{${HOST}}`, legend: '{{policy}}' }],
  },
  {
    title: 'Attached filters',
    description: 'Hook, mode and driver of each interface. An interface with attached 0 is open.',
    type: 'table',
    unit: 'short',
    width: 12,
    queries: [
      { expression: `xdpol_attach_info{${HOST},device=~"$device"}`, legend: '{{device}}' },
      { expression: `xdpol_attached{${HOST},device=~"$device"}`, legend: 'attached' },
    ],
  },
  {
    title: 'Memory of the tables',
    description: 'Kernel memory of the lookup tables, all interfaces together.',
    type: 'timeseries',
    unit: 'bytes',
    width: 12,
    queries: [{ expression: `sum by (instance) (xdpol_table_bytes{${HOST}})`, legend: '{{instance}}' }],
  },
  {
    title: 'Time of a scrape',
    description: 'How long the agent takes to read the kernel.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [{ expression: `xdpol_scrape_duration_seconds{${HOST}}`, legend: '{{instance}}' }],
  },
];

function variable(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

function places(panels: readonly Panel[]): readonly { readonly x: number; readonly y: number }[] {
  let x = 0;
  let y = 0;
  return panels.map(({ width }) => {
    if (x + width > 24) {
      x = 0;
      y += HEIGHT;
    }
    const place = { x, y };
    x += width;
    return place;
  });
}

function renderPanel(panel: Panel, id: number, place: { readonly x: number; readonly y: number }): object {
  const isTable = panel.type === 'table';
  return {
    id,
    title: panel.title,
    description: panel.description,
    type: panel.type,
    datasource: DATASOURCE,
    gridPos: { ...place, w: panel.width, h: HEIGHT },
    fieldConfig: { defaults: { unit: panel.unit }, overrides: [] },
    targets: panel.queries.map(({ expression, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr: expression,
      legendFormat: legend,
      ...(isTable ? { format: 'table', instant: true } : {}),
    })),
    ...(isTable ? { transformations: [{ id: 'merge', options: {} }] } : {}),
  };
}

/** The dashboard of a host, as Grafana imports it. */
export function renderHostDashboard(): string {
  const at = places(HOST_PANELS);
  const dashboard = {
    uid: 'xdpol-host',
    title: 'xdpol: host',
    tags: ['xdpol'],
    schemaVersion: 38,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        variable('instance', 'Host', 'label_values(xdpol_build_info, instance)'),
        variable('device', 'Interface', 'label_values(xdpol_packets_total{instance=~"$instance"}, device)'),
      ],
    },
    panels: HOST_PANELS.map((panel, i) => renderPanel(panel, i + 1, at[i] ?? { x: 0, y: 0 })),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
