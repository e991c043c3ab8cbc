/**
 * dashboards/xdpol-fleet.json. The test of the dashboards writes it: `npx vitest run test/system/dashboards.test.ts -u`;
 * without -u it compares.
 */
import type { Panel } from './grafana.ts';
import { HOST, rate, renderDashboard, variable } from './grafana.ts';

/** Seconds, as in the alert XdpolFleetSilent. */
const SILENT = 600;
const ORDER = `xdpol_fleet_desired_info{${HOST},group=~"$target"}`;

/** Of the hosts whose order is for a chosen target. */
const ofTarget = (query: string): string => `${query} and on (instance) ${ORDER}`;

/** 0, not absent, where nothing is counted. */
const count = (query: string): string => `count(${query}) or vector(0)`;

function stat(title: string, description: string, expression: string): Panel {
  return { title, description, type: 'stat', unit: 'short', width: 4, queries: [{ expression, legend: title }] };
}

const STANDING: readonly Panel[] = [
  stat('Hosts with an order', 'Hosts that an order of a chosen target applies to.', count(ORDER)),
  stat('In sync', 'Hosts that have in force what was ordered.', count(ofTarget(`xdpol_fleet_in_sync{${HOST}} == 1`))),
  stat(
    'Not in sync',
    'Hosts that could not carry the order out, have not yet, or were changed by somebody: xdpol fleet status.',
    count(ofTarget(`xdpol_fleet_in_sync{${HOST}} == 0`)),
  ),
  stat(
    'Hear of no front',
    'Hosts that have heard of no front for ten minutes. They keep their last policy.',
    count(`xdpol_fleet_last_contact_seconds{${HOST}} > ${SILENT}`),
  ),
  stat(
    'Without an order',
    'Hosts that take orders, while none is for them.',
    count(`xdpol_fleet_last_contact_seconds{${HOST}} unless on (instance) xdpol_fleet_desired_info`),
  ),
  stat(
    'Open interfaces',
    'Interfaces that a policy wants filtered and that are open.',
    count(`xdpol_attached{${HOST}} == 0`),
  ),
];

/** One look at all hosts: how many stand well, which do not, and how an order spreads. */
const FLEET_PANELS: readonly Panel[] = [
  ...STANDING,
  {
    title: 'Hosts that do not stand well',
    description:
      'In sync is 0 where what is in force is not what was ordered. Contact is the time since a front was heard of.',
    type: 'table',
    unit: 'short',
    width: 24,
    queries: [
      { expression: ofTarget(`xdpol_fleet_in_sync{${HOST}} == 0`), legend: 'in sync' },
      { expression: `xdpol_fleet_last_contact_seconds{${HOST}} > ${SILENT}`, legend: 'contact' },
    ],
  },
  {
    title: 'How orders spread',
    description:
      'Hosts by target and whether they are in sync. A rollout shows as one line that falls and one that rises.',
    type: 'timeseries',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: `count by (group) (${ORDER} and on (instance) xdpol_fleet_in_sync == 1)`,
        legend: '{{group}}: in sync',
      },
      {
        expression: `count by (group) (${ORDER} and on (instance) xdpol_fleet_in_sync == 0)`,
        legend: '{{group}}: not in sync',
      },
    ],
  },
  {
    title: 'Policies in force',
    description: 'Hosts by the version of each policy that they have in force.',
    type: 'timeseries',
    unit: 'short',
    width: 12,
    queries: [{ expression: `count by (policy, hash) (xdpol_policy_info{${HOST}})`, legend: '{{policy}} {{hash}}' }],
  },
  {
    title: 'Longest without a front',
    description: 'The ten hosts that have heard of no front for longest. A line comes every 25 seconds.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    queries: [{ expression: `topk(10, xdpol_fleet_last_contact_seconds{${HOST}})`, legend: '{{instance}}' }],
  },
  {
    title: 'Changes, failures and returns',
    description: 'Policies that were put in force in the last hour, could not be, and went back.',
    type: 'timeseries',
    unit: 'short',
    width: 12,
    queries: [
      { expression: `sum(increase(xdpol_applies_total{${HOST}}[1h]))`, legend: 'put in force' },
      {
        expression: `sum by (reason) (increase(xdpol_apply_failures_total{${HOST}}[1h]))`,
        legend: 'failed: {{reason}}',
      },
      { expression: `sum by (reason) (increase(xdpol_rollbacks_total{${HOST}}[1h]))`, legend: 'went back: {{reason}}' },
    ],
  },
  {
    title: 'Hosts that drop most',
    description: 'The ten hosts with the most dropped packets a second, all interfaces together.',
    type: 'timeseries',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: `topk(10, sum by (instance) (${rate('xdpol_packets_total', 'verdict="drop"')}))`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'Verdicts of the fleet',
    description: 'Packets a second of all chosen hosts.',
    type: 'timeseries',
    unit: 'pps',
    width: 12,
    queries: [{ expression: `sum by (verdict) (${rate('xdpol_packets_total')})`, legend: '{{verdict}}' }],
  },
  {
    title: 'Orders and policies by host',
    description:
      'Whom the order of each host is for, the hash of its policy, and the policy in force with its generation.',
    type: 'table',
    unit: 'short',
    width: 24,
    queries: [
      { expression: ORDER, legend: 'ordered' },
      { expression: ofTarget(`xdpol_policy_info{${HOST}}`), legend: 'in force' },
    ],
  },
  {
    title: 'Modes of the filters',
    description: 'Interfaces by hook and mode. Generic mode costs more than native.',
    type: 'table',
    unit: 'short',
    width: 12,
    queries: [{ expression: `count by (hook, mode) (xdpol_attach_info{${HOST}})`, legend: '{{hook}} {{mode}}' }],
  },
  {
    title: 'Versions of xdpol',
    description: 'Hosts by the version of xdpol and of the kernel.',
    type: 'table',
    unit: 'short',
    width: 12,
    queries: [
      { expression: `count by (version, kernel) (xdpol_build_info{${HOST}})`, legend: '{{version}} {{kernel}}' },
    ],
  },
];

/** The dashboard of all hosts. */
export function renderFleetDashboard(): string {
  return renderDashboard({
    uid: 'xdpol-fleet',
    title: 'xdpol: fleet',
    variables: [
      variable('target', 'Target of the order', 'label_values(xdpol_fleet_desired_info, group)'),
      variable('instance', 'Host', 'label_values(xdpol_build_info, instance)'),
    ],
    panels: FLEET_PANELS,
  });
}
