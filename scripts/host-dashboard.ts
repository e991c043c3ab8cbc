/**
 * dashboards/xdpol-host.json. The test of the dashboards writes it: `npx vitest run test/system/dashboards.test.ts -u`;
 * without -u it compares.
 */
import type { Panel } from './grafana.ts';
import { HOST, rate, renderDashboard, variable } from './grafana.ts';

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

/** The dashboard of a host. */
export function renderHostDashboard(): string {
  return renderDashboard({
    uid: 'xdpol-host',
    title: 'xdpol: host',
    variables: [
      variable('instance', 'Host', 'label_values(xdpol_build_info, instance)'),
      variable('device', 'Interface', 'label_values(xdpol_packets_total{instance=~"$instance"}, device)'),
    ],
    panels: HOST_PANELS,
  });
}
