/** iptables in the raw table with ipset: the legacy tables, which were a little faster here than those of nf_tables. */

import type { AclFilter, AclPolicy, Counts, Expression, Run, ServerPolicy, StackPeer, StackPolicy } from './peer.ts';
import { DAY } from './peer.ts';

const TOOLS = [
  { command: 'iptables-legacy-restore', package: 'iptables' },
  { command: 'iptables-legacy-save', package: 'iptables' },
  { command: 'ipset', package: 'ipset' },
] as const;

export function iptables(): StackPeer {
  return { name: 'iptables raw + ipset', tools: TOOLS, express };
}

function express(policy: StackPolicy): Expression {
  const rules = ['*raw', ...chains(policy), ...filterRules(policy), 'COMMIT', ''].join('\n');
  return {
    commands: [
      [['ipset', 'restore'], sets(policy).join('\n')],
      [['iptables-legacy-restore'], rules],
    ],
    counts,
    note: policy.form === 'acl' ? 'one rule a filter, in order of specificity' : '',
  };
}

function sets(policy: StackPolicy): readonly string[] {
  if (policy.form === 'acl') return [];
  const ports = policy.form === 'ports' ? policy.ports : policy.services;
  const { listed, end } = policy.form === 'server' ? policy : { listed: [], end: false };
  const type = end ? `hash:ip timeout ${DAY}` : 'hash:net';
  const size = 2 ** Math.ceil(Math.log2(Math.max(1024, listed.length)));
  return [
    'create services bitmap:port range 0-65535',
    ...ports.map((port) => `add services ${port}`),
    ...(listed.length === 0 ? [] : [`create listed ${type} family inet hashsize ${size} maxelem ${size}`]),
    ...listed.map((prefix) => `add listed ${prefix}`),
    '',
  ];
}

/** Deciding in chains of their own gives two counters to read. */
function chains(policy: StackPolicy): readonly string[] {
  const own = policy.form === 'server' ? [':to_server - [0:0]', ':from_server - [0:0]'] : [];
  const decide = ['-A dropped -j DROP', '-A passed -j ACCEPT'];
  return [':PREROUTING ACCEPT [0:0]', ':dropped - [0:0]', ':passed - [0:0]', ...own, ...decide];
}

function filterRules(policy: StackPolicy): readonly string[] {
  switch (policy.form) {
    case 'ports':
      return ['-A PREROUTING -p tcp -m set --match-set services dst -g passed', '-A PREROUTING -g dropped'];
    case 'server':
      return serverRules(policy);
    case 'acl':
      return aclRules(policy);
  }
}

function serverRules({ server, mail, listed }: ServerPolicy): readonly string[] {
  return [
    `-A PREROUTING -d ${server} -g to_server`,
    `-A PREROUTING -s ${server} -g from_server`,
    '-A PREROUTING -g passed',
    '-A from_server -p tcp -m set --match-set services src -g passed',
    `-A from_server -p tcp --dport ${mail} -g passed`,
    '-A from_server -g dropped',
    ...(listed.length === 0 ? [] : ['-A to_server -m set --match-set listed src -g dropped']),
    '-A to_server -p tcp -m set --match-set services dst -g passed',
    `-A to_server -p tcp --sport ${mail} -g passed`,
    `-A to_server -s ${server} -g from_server`,
    '-A to_server -g dropped',
  ];
}

function aclRules({ filters, drops }: AclPolicy): readonly string[] {
  return [...filters.map(aclRule), `-A PREROUTING -g ${drops ? 'dropped' : 'passed'}`];
}

function aclRule({ drops, source, destination, protocol, sourcePorts, destinationPorts }: AclFilter): string {
  return [
    '-A PREROUTING',
    source === undefined ? '' : `-s ${source}`,
    destination === undefined ? '' : `-d ${destination}`,
    protocol === undefined ? '' : `-p ${protocol === 6 ? 'tcp' : 'udp'}`,
    sourcePorts === undefined ? '' : `--sport ${sourcePorts.join(':')}`,
    destinationPorts === undefined ? '' : `--dport ${destinationPorts.join(':')}`,
    `-g ${drops ? 'dropped' : 'passed'}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `[packets:bytes] -A chain ...` */
function counts(run: Run): Counts {
  const saved = run(['iptables-legacy-save', '-c', '-t', 'raw']);
  const packets = (rule: string): number => {
    const line = saved.split('\n').find((text) => text.endsWith(rule));
    const found = /^\[(?<packets>\d+):/u.exec(line ?? '')?.groups?.['packets'];
    if (found === undefined) throw new Error(`iptables-legacy-save has no rule ${rule}`);
    return Number(found);
  };
  return { dropped: packets('-A dropped -j DROP'), passed: packets('-A passed -j ACCEPT') };
}
