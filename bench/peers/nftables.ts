/**
 * nftables, at netdev ingress and at raw prerouting. Rules count as those of xdpol do. The list is an
 * interval set of one field: README.md has what a concatenation took.
 */
import { present } from '../../src/base/assert.ts';
import type { AclFilter, AclPolicy, Counts, Expression, Run, ServerPolicy, StackPeer, StackPolicy } from './peer.ts';
import { DAY } from './peer.ts';

const TABLE = 'bench';
const DROP = 'counter name dropped drop';
const PASS = 'counter name passed accept';

/** nft reads every element of every set before it tells a counter, which the verdict checks ask for often. */
const MOST_LISTED = 500_000;
const TOO_LONG = `reading its counters takes nft ten seconds and more with over ${MOST_LISTED} elements`;

type Hook = 'netdev' | 'raw';

export function nftables(hook: Hook, devices: readonly string[]): StackPeer {
  return {
    name: hook === 'netdev' ? 'nft netdev ingress' : 'nft raw prerouting',
    tools: [{ command: 'nft', package: 'nftables' }],
    express: (policy) =>
      isTooLong(policy) ? { cannot: TOO_LONG } : expression(ruleset(hook, devices, policy), noteOf(policy)),
  };
}

/** What the way to the hook costs: every frame that gets there is dropped without being looked at. */
export function nftablesDrop(devices: readonly string[]): StackPeer {
  return {
    name: 'nft drop all',
    tools: [{ command: 'nft', package: 'nftables' }],
    express: () => expression(table('netdev', devices, [], [`meta protocol ip ${DROP}`]), 'baseline of the stack'),
  };
}

function expression(text: string, note: string): Expression {
  return { commands: [[['nft', '-f', '-'], text]], counts: nftCounts, note };
}

function isTooLong(policy: StackPolicy): boolean {
  return policy.form === 'server' && policy.listed.length > MOST_LISTED;
}

function noteOf(policy: StackPolicy): string {
  return policy.form === 'acl' ? 'one rule a filter, in order of specificity' : '';
}

/** Everything that decides at the hook ends in one of two counters. */
function ruleset(hook: Hook, devices: readonly string[], policy: StackPolicy): string {
  switch (policy.form) {
    case 'ports':
      return table(hook, devices, [], [`tcp dport { ${policy.ports.join(', ')} } ${PASS}`, DROP]);
    case 'server':
      return table(hook, devices, serverChains(policy), [
        `ip daddr ${policy.server} goto to_server`,
        `ip saddr ${policy.server} goto from_server`,
        PASS,
      ]);
    case 'acl':
      return table(hook, devices, [], aclRules(policy));
  }
}

function table(hook: Hook, devices: readonly string[], others: readonly string[], rules: readonly string[]): string {
  const family = hook === 'netdev' ? 'netdev' : 'ip';
  const place =
    hook === 'netdev' ? `ingress devices = { ${devices.join(', ')} } priority 0` : 'prerouting priority raw';
  return [
    `table ${family} ${TABLE} {`,
    'counter dropped {}',
    'counter passed {}',
    ...others,
    'chain filter {',
    `type filter hook ${place}; policy accept;`,
    ...rules,
    '}',
    '}',
    '',
  ].join('\n');
}

/** Most specific first: the list, then services, then the server's addresses. */
function serverChains({ server, services, mail, listed, end }: ServerPolicy): readonly string[] {
  const ports = `{ ${services.join(', ')} }`;
  const kind = end ? `type ipv4_addr; flags timeout; timeout ${DAY}s;` : 'type ipv4_addr; flags interval;';
  const set = ['set listed {', kind, `elements = { ${listed.join(', ')} }`, '}'];
  return [
    ...(listed.length === 0 ? [] : set),
    'chain from_server {',
    `tcp sport ${ports} ${PASS}`,
    `tcp dport ${mail} ${PASS}`,
    DROP,
    '}',
    'chain to_server {',
    ...(listed.length === 0 ? [] : [`ip saddr @listed ${DROP}`]),
    `tcp dport ${ports} ${PASS}`,
    `tcp sport ${mail} ${PASS}`,
    `ip saddr ${server} goto from_server`,
    DROP,
    '}',
  ];
}

function aclRules({ filters, drops }: AclPolicy): readonly string[] {
  return [...filters.map(aclRule), drops ? DROP : PASS];
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
]);

function aclRule({ drops, source, destination, protocol, sourcePorts, destinationPorts }: AclFilter): string {
  const name = protocol === undefined ? undefined : present(PROTOCOL_NAMES.get(protocol), `protocol ${protocol}`);
  const ported = sourcePorts !== undefined || destinationPorts !== undefined;
  return [
    source === undefined ? '' : `ip saddr ${source}`,
    destination === undefined ? '' : `ip daddr ${destination}`,
    name !== undefined && !ported ? `meta l4proto ${name}` : '',
    sourcePorts === undefined ? '' : `${name} sport ${range(sourcePorts)}`,
    destinationPorts === undefined ? '' : `${name} dport ${range(destinationPorts)}`,
    drops ? DROP : PASS,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function range([lo, hi]: readonly [number, number]): string {
  return lo === hi ? `${lo}` : `${lo}-${hi}`;
}

interface NftCounters {
  readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
}

function nftCounts(run: Run): Counts {
  const { nftables: objects } = JSON.parse(run(['nft', '-j', 'list', 'counters'])) as NftCounters;
  const packets = (name: string): number =>
    present(objects.find(({ counter }) => counter?.name === name)?.counter).packets;
  return { dropped: packets('dropped'), passed: packets('passed') };
}
