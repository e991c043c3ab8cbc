/** The policies that are measured, by name, each with the traffic that it is measured with. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { present } from '../src/base/assert.ts';
import { Diagnostics, spanOfFile } from '../src/base/diagnostics.ts';
import type { Address, Family } from '../src/base/ip.ts';
import { fullLength, parseAddress } from '../src/base/ip.ts';
import type { CompiledPolicy } from '../src/compiler/compile.ts';
import { compile } from '../src/compiler/compile.ts';
import { Random } from '../src/measure/random.ts';
import type { Traffic } from '../src/measure/tuple.ts';
import type { AddressMatch, Filter, HostAddresses, Policy, Rule } from '../src/policy/model.ts';
import { ANY_PORT } from '../src/policy/model.ts';
import { readPolicy } from '../src/policy/read/policy-reader.ts';
import { aclPolicy } from './acl.ts';
import { blockList } from './addresses.ts';
import { aclTraffic, serverTraffic } from './traffic.ts';

export interface BenchPolicy {
  readonly family: Family;
  readonly policy: Policy;
  readonly traffic: readonly Traffic[];
}

export const HOST: HostAddresses = { me: [], names: new Map() };

const SPAN = spanOfFile('bench');
const LIST = 'listed';
const SEED = 11;
const SERVERS: Readonly<Record<Family, Address>> = {
  4: present(parseAddress('131.107.1.1')),
  6: present(parseAddress('2001:db8::1')),
};

/** Built when asked for: the large ones take seconds. */
export const POLICIES: Readonly<Record<string, () => BenchPolicy>> = {
  example: () => server(4, 0),
  'list-10': () => server(4, 10),
  'list-100': () => server(4, 100),
  'list-1k': () => server(4, 1000),
  'list-10k': () => server(4, 10_000),
  'list-100k': () => server(4, 100_000),
  'list-1m': () => server(4, 1_000_000),
  'acl-1k': () => acl(1000),
  'acl-10k': () => acl(10_000),
  'acl-100k': () => acl(100_000),
  'v6-example': () => server(6, 0),
  'v6-10k': () => server(6, 10_000),
  'v6-100k': () => server(6, 100_000),
};

/** `clock`: milliseconds from any start, for the statistics. */
export function compiledPolicy(policy: Policy, clock?: () => number): CompiledPolicy {
  const diags = new Diagnostics();
  const compiled = compile(policy, HOST, diags, clock === undefined ? {} : { clock });
  if (compiled === undefined) throw new Error(diags.all.map((d) => d.message).join('; '));
  return compiled;
}

/** The example policy of the documentation, with a block list of so many prefixes in one address set. */
function server(family: Family, listed: number): BenchPolicy {
  const example = examplePolicy(family);
  const list = blockList(new Random(SEED), family, listed);
  const rules = listed === 0 ? example.rules : [...example.rules, listRule(family)];
  const addressSets = new Map(listed === 0 ? [] : [[LIST, { name: LIST, prefixes: list, span: SPAN }]]);
  const policy = { ...example, addressSets, rules };
  return { family, policy, traffic: serverTraffic(SERVERS[family], listed === 0 ? undefined : list) };
}

function acl(count: number): BenchPolicy {
  const policy = aclPolicy(new Random(SEED), count);
  return { family: 4, policy, traffic: aclTraffic(policy) };
}

function examplePolicy(family: Family): Policy {
  const file = fileURLToPath(new URL('../examples/packet-filter.yaml', import.meta.url));
  const diags = new Diagnostics();
  const source = { file, text: readFileSync(file, 'utf8'), readSetFile: (): { error: string } => ({ error: 'none' }) };
  const policy = present(readPolicy(source, diags), `${file}: ${diags.all.map((d) => d.message).join('; ')}`);
  return family === 4 ? policy : { ...policy, rules: policy.rules.map(inIpv6) };
}

function hostMatch(address: Address): AddressMatch {
  return { kind: 'prefix', prefix: { ...address, length: fullLength(address.family) } };
}

/** The same rule about the IPv6 server. */
function inIpv6(rule: Rule): Rule {
  const moved = (match: AddressMatch): AddressMatch => (match.kind === 'prefix' ? hostMatch(SERVERS[6]) : match);
  const filters = rule.filterList.filters.map((f) => ({
    ...f,
    source: moved(f.source),
    destination: moved(f.destination),
  }));
  return { ...rule, filterList: { ...rule.filterList, filters } };
}

function listRule(family: Family): Rule {
  const filter: Filter = {
    source: { kind: 'set', name: LIST },
    destination: hostMatch(SERVERS[family]),
    sourcePorts: [ANY_PORT],
    destinationPorts: [ANY_PORT],
    protocol: undefined,
    icmp: undefined,
    established: false,
    mirrored: false,
    text: `$${LIST}=server`,
    span: SPAN,
  };
  const name = 'Listed sources';
  return {
    name,
    action: 'block',
    filterList: { name, filters: [filter], span: SPAN },
    interfaces: undefined,
    span: SPAN,
  };
}
