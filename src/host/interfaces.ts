/** The interfaces of this network namespace and their addresses. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Address } from '../base/ip.ts';
import { parseAddress } from '../base/ip.ts';
import { isInterfacePattern, matchesInterface } from '../policy/interface-pattern.ts';
import { broadcastOf } from '../policy/local.ts';
import { noInterface } from './unknown-interface.ts';

/** The interface by which a host talks to itself. */
export const LOOPBACK = 'lo';

function isLoopback({ family, words }: Address): boolean {
  if (family === 4) return present(words[0]) >>> 24 === 127;
  return words.every((word, i) => word === (i === 3 ? 1 : 0));
}

/** One of the host's own, with the broadcast of its subnet where that has one. */
export interface OwnAddress extends Address {
  readonly broadcast?: Address | undefined;
}

/** As an interface has it. */
export function ownAddress({
  address: text,
  prefixLength,
}: Pick<NetworkInterface['addresses'][number], 'address' | 'prefixLength'>): OwnAddress {
  const address = present(parseAddress(text), text);
  return { ...address, broadcast: broadcastOf(address, prefixLength) };
}

function addressesOf(devices: readonly NetworkInterface[]): OwnAddress[] {
  return devices.flatMap((device) => device.addresses).map(ownAddress);
}

/** 169.254.0.0/16 and fe80::/10: an interface gives itself such a one, so it says little. */
export function isLinkLocal({ family, words }: Address): boolean {
  const first = present(words[0]);
  return family === 4 ? first >>> 16 === 0xa9fe : first >>> 22 === 0x3fa;
}

/** The bindings are loaded when they are needed: pure verbs start faster without. */
export async function listInterfaces(): Promise<readonly NetworkInterface[]> {
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
  return devices.filter(({ name, mac }) => name !== LOOPBACK && mac !== '').map(({ name }) => name);
}

/** Is the interface meant by a name, or by a pattern? A pattern means interfaces with Ethernet frames, and never lo. */
function isMeantBy({ name, mac }: NetworkInterface, wanted: string): boolean {
  if (!isInterfacePattern(wanted)) return name === wanted;
  return name !== LOOPBACK && mac !== '' && matchesInterface(wanted, name);
}

/** Those of the devices that the names and patterns mean, each once. */
export function devicesMeantBy(
  wanted: readonly string[],
  devices: readonly NetworkInterface[],
): readonly NetworkInterface[] {
  return devices.filter((device) => wanted.some((one) => isMeantBy(device, one)));
}

/** Names that have to be there, and are not; a pattern has nothing to miss. */
export function namesNotThere(wanted: readonly string[], devices: readonly { readonly name: string }[]): string[] {
  const isThere = new Set(devices.map(({ name }) => name));
  return wanted.filter((name) => !isInterfacePattern(name) && !isThere.has(name));
}

/** Names of interfaces that should be filtered: those that have to be there, and those that patterns mean now. */
export function interfacesMeantBy(wanted: readonly string[], devices: readonly NetworkInterface[]): readonly string[] {
  const named = wanted.filter((name) => !isInterfacePattern(name));
  const meant = devicesMeantBy(wanted.filter(isInterfacePattern), devices).map(({ name }) => name);
  return [...new Set([...named, ...meant])];
}

/**
 * The named interfaces, and those that patterns among the names mean now; an unknown name says which there are. Throws
 * where none is there.
 */
export async function findInterfaces(names: readonly string[]): Promise<readonly NetworkInterface[]> {
  const all = await listInterfaces();
  const found = names.flatMap((name) => {
    if (isInterfacePattern(name)) return devicesMeantBy([name], all);
    return requireInterface(name, all);
  });
  if (found.length > 0) return [...new Map(found.map((device) => [device.index, device])).values()];
  throw new EnvironmentError('XDPOL_E_NO_INTERFACE', `no interface matches ${names.join(', ')}`, {
    help: 'name one that is there as well, and those that match are filtered when they appear; see: ip link',
  });
}

function requireInterface(name: string, all: readonly NetworkInterface[]): NetworkInterface {
  const found = all.find((device) => device.name === name);
  if (found !== undefined) return requireEthernet(found);
  throw noInterface(
    name,
    all.map((device) => device.name),
  );
}

/** Those of the named interfaces that are there, and those that patterns among the names mean. */
export async function presentInterfaces(names: readonly string[]): Promise<readonly NetworkInterface[]> {
  return devicesMeantBy(names, await listInterfaces());
}
