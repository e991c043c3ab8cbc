/** What only the host knows: its addresses, its interfaces, the answers of DNS. */
import { lookup } from 'node:dns/promises';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Address } from '../base/ip.ts';
import { formatAddress, parseAddress } from '../base/ip.ts';
import { broadcastOf } from '../policy/local.ts';
import type { AddressMatch, Filter, HostAddresses, Policy } from '../policy/model.ts';
import { UsageError } from './exit.ts';

/** Addresses of `--me` options. */
export function parseMe(texts: readonly string[]): readonly Address[] {
  return texts.map((text) => {
    const address = parseAddress(text);
    if (address === undefined)
      throw new UsageError(`--me ${text}: not an address`, 'write an IPv4 or IPv6 address, such as 192.0.2.1');
    return address;
  });
}

function isLoopback({ family, words }: Address): boolean {
  if (family === 4) return present(words[0]) >>> 24 === 127;
  return words.every((word, i) => word === (i === 3 ? 1 : 0));
}

/** One of the host's own, with the broadcast of its subnet where that has one. */
export interface OwnAddress extends Address {
  readonly broadcast?: Address | undefined;
}

function addressesOf(devices: readonly NetworkInterface[]): OwnAddress[] {
  return devices
    .flatMap((device) => device.addresses)
    .map(({ address: text, prefixLength }) => {
      const address = present(parseAddress(text), text);
      return { ...address, broadcast: broadcastOf(address, prefixLength) };
    });
}

/** Each subnet's once. */
export function broadcastsOf(me: readonly OwnAddress[]): readonly Address[] {
  const all = me.flatMap(({ broadcast }) => broadcast ?? []);
  return [...new Map(all.map((address) => [formatAddress(address), address])).values()];
}

/** The bindings are loaded when they are needed: pure verbs start faster without. */
async function listInterfaces(): Promise<readonly NetworkInterface[]> {
  const { interfaces } = await import('libbpf-ts-bindings');
  return interfaces();
}

/** Every address of this host that is not loopback's. */
export async function hostAddresses(): Promise<readonly OwnAddress[]> {
  return addressesOf(await listInterfaces()).filter((address) => !isLoopback(address));
}

export function interfaceAddresses(devices: readonly NetworkInterface[]): readonly OwnAddress[] {
  return addressesOf(devices);
}

/** Without a link-layer address there is no Ethernet header: every packet would be taken for non-IP and pass. */
function requireEthernet(device: NetworkInterface): NetworkInterface {
  if (device.mac !== '') return device;
  throw new EnvironmentError(
    'XDPOL_E_NO_ETHERNET',
    `${device.name} has no Ethernet frames, and only those can be filtered`,
    {
      help: 'filter the Ethernet interface that carries it, or use nftables for this one',
    },
  );
}

/** Names of all of them but the loopback. */
export async function ethernetInterfaces(): Promise<readonly string[]> {
  const devices = await listInterfaces();
  return devices.filter(({ name, mac }) => name !== 'lo' && mac !== '').map(({ name }) => name);
}

/** The named interfaces; an unknown name says which there are. */
export async function findInterfaces(names: readonly string[]): Promise<readonly NetworkInterface[]> {
  const all = await listInterfaces();
  return names.map((name) => {
    const found = all.find((device) => device.name === name);
    if (found !== undefined) return requireEthernet(found);
    const known = all.map((device) => device.name).filter((other) => other !== 'lo');
    throw new EnvironmentError('XDPOL_E_NO_INTERFACE', `there is no interface ${name}`, {
      help: `this network namespace has: ${known.join(', ') || 'none'}`,
    });
  });
}

/** Those of the named interfaces that are there. */
export async function presentInterfaces(names: readonly string[]): Promise<readonly NetworkInterface[]> {
  return (await listInterfaces()).filter((device) => names.includes(device.name));
}

/** For comparing: sorted, each once. */
export function addressTexts(addresses: readonly Address[]): readonly string[] {
  return [...new Set(addresses.map(formatAddress))].sort();
}

function* matchesOf(policy: Policy): Generator<AddressMatch> {
  for (const rule of policy.rules) {
    for (const filter of rule.filterList.filters) yield* [filter.source, filter.destination];
  }
}

export function usesMe(policy: Policy): boolean {
  return [...matchesOf(policy)].some((match) => match.kind === 'me' || match.kind === 'local');
}

/** Every answer for a name, of both families, as text. Rejects where there is none. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

/** As the host's other programs resolve: files, DNS, whatever its configuration names. */
async function resolveBySystem(name: string): Promise<readonly string[]> {
  const answers = await lookup(name, { all: true, family: 0 });
  return answers.map(({ address }) => address);
}

/** The names of a policy, each with the filter that has it first. */
function namesOf(policy: Policy): ReadonlyMap<string, Filter> {
  const names = new Map<string, Filter>();
  for (const filter of policy.rules.flatMap((rule) => rule.filterList.filters)) {
    for (const match of [filter.source, filter.destination]) {
      if (match.kind === 'name' && !names.has(match.name)) names.set(match.name, filter);
    }
  }
  return names;
}

/** Every address each DNS name of the policy has now. A name without one is an error in the policy. */
async function resolveNames(
  policy: Policy,
  diags: Diagnostics,
  resolve: ResolveName,
): Promise<ReadonlyMap<string, readonly Address[]>> {
  const asked = [...namesOf(policy)].map(async ([name, filter]) => {
    const found = await resolve(name).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? 'no answer');
    return { name, filter, found };
  });
  const answers = new Map<string, readonly Address[]>();
  for (const { name, filter, found } of await Promise.all(asked)) {
    if (typeof found === 'string' || found.length === 0) {
      const why = typeof found === 'string' ? found : 'no answer';
      const help = 'check the name, or write its addresses';
      diags.report('XP0220', filter.span, `the name ${name} has no address: ${why}`, help);
    }
    const texts = typeof found === 'string' ? [] : found.map((address) => address.split('%')[0] ?? address);
    answers.set(
      name,
      [...new Set(texts)].map((text) => present(parseAddress(text), text)),
    );
  }
  return answers;
}

/** What `me` and the names of a policy stand for. */
export async function resolveHost(
  policy: Policy,
  me: readonly OwnAddress[],
  diags: Diagnostics,
  resolve: ResolveName = resolveBySystem,
): Promise<HostAddresses> {
  const names = await resolveNames(policy, diags, resolve);
  if (me.length === 0 && usesMe(policy)) {
    diags.report(
      'XP0221',
      policy.span,
      'me has no address here: its filters match nothing',
      'say which with --me ADDRESS',
    );
  }
  return { me, broadcasts: broadcastsOf(me), names };
}
