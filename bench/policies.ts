/** The policies that are measured, by name, each with the traffic that it is measured with. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { present } from '../src/base/assert.ts';
import { Diagnostics, spanOfFile } from '../src/base/diagnostics.ts';
import type { Address, Family } from '../src/base/ip.ts';
import { fullLength, parseAddress, wholeAddress } from '../src/base/ip.ts';
import { Random } from '../src/base/random.ts';
import type { CompiledPolicy, CompileOptions } from '../src/compiler/compile.ts';
import { compile } from '../src/compiler/compile.ts';
import { readPolicy } from '../src/formats/yaml/policy-reader.ts';
import type { Traffic } from '../src/measure/tuple.ts';
import { ANY_PACKET, NO_ADDRESSES } from '../src/policy/defaults.ts';
import type { LiveMembers } from '../src/policy/live-sets.ts';
import { DEFAULT_LEVELS } from '../src/policy/live-sets.ts';
import type { AddressMatch, Filter, HostAddresses, Policy, Rule } from '../src/policy/model.ts';
import { PROTOCOLS } from '../src/policy/model.ts';
import { prefixSetOf } from '../src/policy/prefix-set.ts';
import { aclPolicy } from './acl.ts';
import { anyAddress, blockList } from './addresses.ts';
import type { ShapeName } from './shapes.ts';
import { shapePolicy } from './shapes.ts';
import { aclTraffic, serverTraffic } from './traffic.ts';

/** What a policy is like, for those who have to say it in another language. */
export type Form = 'ports' | 'server' | 'acl' | 'rules';

export interface BenchPolicy {
  readonly family: Family;
  readonly form: Form;
  /** Addresses or filters, whichever it grows by. */
  readonly size: number;
  readonly policy: Policy;
  readonly traffic: readonly Traffic[];
  /** Of its live sets, where it has any. */
  readonly members?: LiveMembers;
}

export const HOST: HostAddresses = NO_ADDRESSES;

/** What the policy `ports` lets in, by TCP. */
export const SERVICE_PORTS: readonly number[] = [25, 80, 443];

const SPAN = spanOfFile('bench');
export const LIST = 'listed';
const SEED = 11;
/** Of a live set, however few members it has. */
const LEAST_CAPACITY = 1000;
export const SERVERS: Readonly<Record<Family, Address>> = {
  4: present(parseAddress('131.107.1.1')),
  6: present(parseAddress('2001:db8::1')),
};

/** Built when asked for: the large ones take seconds. */
export const POLICIES: Readonly<Record<string, () => BenchPolicy>> = {
  ports: () => ports(),
  example: () => server(4, 0),
  'list-10': () => server(4, 10),
  'list-100': () => server(4, 100),
  'list-1k': () => server(4, 1000),
  'list-10k': () => server(4, 10_000),
  'list-100k': () => server(4, 100_000),
  'list-1m': () => server(4, 1_000_000),
  'acl-10': () => acl(10),
  'acl-100': () => acl(100),
  'acl-1k': () => acl(1000),
  'acl-10k': () => acl(10_000),
  'acl-100k': () => acl(100_000),
  'v6-example': () => server(6, 0),
  'v6-10k': () => server(6, 10_000),
  'v6-100k': () => server(6, 100_000),
  'set-0': () => liveList(4, 0),
  'set-1k': () => liveList(4, 1000),
  'set-100k': () => liveList(4, 100_000),
  'set-1m': () => liveList(4, 1_000_000),
  'set6-0': () => liveList(6, 0),
  'set6-1k': () => liveList(6, 1000),
  'set6-100k': () => liveList(6, 100_000),
  'set6-1m': () => liveList(6, 1_000_000),
  'rules-10': () => rules(10),
  'rules-100': () => rules(100),
  'rules-1k': () => rules(1000),
  'rules-10k': () => rules(10_000),
  'overlap-1k': () => shape('overlap', 1000),
  'overlap-5k': () => shape('overlap', 5000),
  'overlap-20k': () => shape('overlap', 20_000),
  'any-1k': () => shape('any', 1000),
  'any-5k': () => shape('any', 5000),
  'any-20k': () => shape('any', 20_000),
  'wild-1k': () => shape('wild', 1000),
  'wild-5k': () => shape('wild', 5000),
  'wild-20k': () => shape('wild', 20_000),
  'hosts-5k': () => shape('hosts', 5000),
  'ranges-20k': () => shape('ranges', 20_000),
  'mirrored-3k': () => shape('mirrored', 3000),
  'seed-acl-100k': () => shape('seed-acl', 100_000),
  'seed-fw-100k': () => shape('seed-fw', 100_000),
  'seed-ipc-100k': () => shape('seed-ipc', 100_000),
  'seed-acl-20k': () => shape('seed-acl', 20_000),
  'seed-fw-20k': () => shape('seed-fw', 20_000),
  'seed-ipc-20k': () => shape('seed-ipc', 20_000),
};

export function benchPolicy(name: string): BenchPolicy {
  return present(POLICIES[name], `no policy ${name}`)();
}

/** What the policy is decided by: the members of its live sets. */
export function hostOf({ members }: BenchPolicy): HostAddresses {
  return members === undefined ? HOST : { ...HOST, members };
}

/** With the members of its live sets. */
export function compiledBench(bench: BenchPolicy): CompiledPolicy {
  return compiledFor(bench.policy, hostOf(bench), {});
}

/** `clock`: milliseconds from any start, for the statistics. */
export function compiledPolicy(policy: Policy, clock?: () => number): CompiledPolicy {
  return compiledFor(policy, HOST, clock === undefined ? {} : { clock });
}

function compiledFor(policy: Policy, host: HostAddresses, options: CompileOptions): CompiledPolicy {
  const diags = new Diagnostics();
  const compiled = compile(policy, host, diags, options);
  if (compiled === undefined) throw new Error(diags.all.map((d) => d.message).join('; '));
  return compiled;
}

/** The example policy of the documentation, with a block list of so many prefixes in one address set. */
function server(family: Family, listed: number): BenchPolicy {
  const example = examplePolicy(family);
  const list = blockList(new Random(SEED), family, listed);
  const rules = listed === 0 ? example.rules : [...example.rules, listRule(family)];
  const addressSets = new Map(listed === 0 ? [] : [[LIST, { name: LIST, prefixes: list, exclude: [], span: SPAN }]]);
  const policy = { ...example, addressSets, rules };
  const traffic = serverTraffic(SERVERS[family], listed === 0 ? undefined : list);
  return { family, form: 'server', size: list.v4.count + list.v6.count, policy, traffic };
}

/** The example policy with a live set of so many hosts, which one more rule blocks. */
function liveList(family: Family, members: number): BenchPolicy {
  const example = server(family, 0);
  const random = new Random(SEED);
  const hosts = Array.from({ length: members }, () => wholeAddress(anyAddress(random, family)));
  const live = { capacity: Math.max(LEAST_CAPACITY, members), levels: DEFAULT_LEVELS };
  const set = { name: LIST, prefixes: prefixSetOf([]), exclude: [], span: SPAN, live };
  const rules = [...example.policy.rules, listRule(family)];
  const policy = { ...example.policy, addressSets: new Map([[LIST, set]]), rules };
  const { tuple } = present(example.traffic[0]);
  const fromMember: Traffic['tuple'] = (one) => ({ ...tuple(one), source: one.pick(hosts) });
  const strangers = { name: 'strangers', tuple };
  const traffic = members === 0 ? [strangers] : [strangers, { name: 'members', tuple: fromMember }];
  return { ...example, size: members, policy, traffic, members: new Map([[LIST, prefixSetOf(hosts)]]) };
}

/** Three services, and nothing else: what every packet filter can say. */
function ports(): BenchPolicy {
  const filter = `{ source: any, destination: any, protocol: tcp, destinationPort: [${SERVICE_PORTS.join(', ')}] }`;
  const rule = `{ name: services, action: permit, filters: [${filter}] }`;
  const policy = read('ports', `name: ports\ndefault: block\nrules: [${rule}]\n`);
  return { family: 4, form: 'ports', size: 3, policy, traffic: serverTraffic(SERVERS[4], undefined) };
}

/** So many rules of one filter each, and so as many counters. */
function rules(count: number): BenchPolicy {
  const policy = {
    ...aclPolicy(new Random(SEED), 1),
    name: 'rules',
    rules: Array.from({ length: count }, (_, i): Rule => {
      const port = 1 + (i % 65535);
      const base = serverFilter(4, { kind: 'any' }, `*=server:${port}:UDP`);
      const filter = { ...base, destinationPorts: [{ lo: port, hi: port }], protocol: PROTOCOLS.udp };
      return ruleOf(`service number ${i}`, 'permit', filter);
    }),
  };
  return { family: 4, form: 'rules', size: count, policy, traffic: serverTraffic(SERVERS[4], undefined) };
}

function acl(count: number): BenchPolicy {
  const policy = aclPolicy(new Random(SEED), count);
  return { family: 4, form: 'acl', size: count, policy, traffic: aclTraffic(policy) };
}

function shape(name: ShapeName, count: number): BenchPolicy {
  const policy = shapePolicy(new Random(SEED), name, count);
  return { family: 4, form: 'acl', size: count, policy, traffic: aclTraffic(policy) };
}

function examplePolicy(family: Family): Policy {
  const file = fileURLToPath(new URL('../examples/packet-filter.yaml', import.meta.url));
  const policy = read(file, readFileSync(file, 'utf8'));
  return family === 4 ? policy : { ...policy, rules: policy.rules.map(inIpv6) };
}

function read(file: string, text: string): Policy {
  const diags = new Diagnostics();
  const policy = readPolicy({ file, text, readSetFile: (): { error: string } => ({ error: 'none' }) }, diags);
  return present(policy, `${file}: ${diags.all.map((d) => d.message).join('; ')}`);
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
  return ruleOf('Listed sources', 'block', serverFilter(family, { kind: 'set', name: LIST }, `$${LIST}=server`));
}

function serverFilter(family: Family, source: AddressMatch, text: string): Filter {
  return {
    ...ANY_PACKET,
    source,
    destination: hostMatch(SERVERS[family]),
    text,
    span: SPAN,
  };
}

function ruleOf(name: string, action: Rule['action'], filter: Filter): Rule {
  return { name, action, filterList: { name, filters: [filter], span: SPAN }, interfaces: undefined, span: SPAN };
}
