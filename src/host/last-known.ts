/**
 * The host as it was known last, for a boot that comes before its addresses and its resolver, and for a resolver that is
 * gone for a while.
 */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Address } from '../base/ip.ts';
import { formatAddress, parseAddress } from '../base/ip.ts';
import { messageOf } from '../base/message-of.ts';
import type { KnownAddresses, KnownHost, KnownInterface, PolicyStore } from '../store/store.ts';
import { NOTHING_KNOWN } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { addressTexts } from './host-addresses.ts';
import type { OwnAddress } from './interfaces.ts';
import { interfaceAddresses, isLinkLocal, ownAddress } from './interfaces.ts';

/** Milliseconds. What has not changed is written anew after this time, so that its age is nearly right after a crash. */
const REFRESH = 3_600_000;

type DeviceAddress = NetworkInterface['addresses'][number];

const FAMILIES = ['ipv4', 'ipv6'] as const satisfies readonly (keyof KnownInterface)[];
const NAMES: Readonly<Record<keyof KnownInterface, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

export interface RecalledAddresses {
  readonly addresses: readonly OwnAddress[];
  /** What was taken from memory and how old it is, a sentence each. */
  readonly notes: readonly string[];
}

/** A store that cannot be read keeps no policy from coming in force. */
export function readKnownHost(store: PolicyStore): KnownHost {
  try {
    return store.knownHost.read();
  } catch (error) {
    if (error instanceof EnvironmentError) return NOTHING_KNOWN;
    throw error;
  }
}

/**
 * What `me` stands for on these interfaces: their addresses, and of a family in which an interface has none, or nothing
 * but a link-local one, those that it had last as well.
 */
export function recallAddresses(devices: readonly NetworkInterface[], known: KnownHost, now: Date): RecalledAddresses {
  const addresses = [...interfaceAddresses(devices)];
  const notes: string[] = [];
  for (const device of devices) {
    for (const family of FAMILIES) {
      const last = known.interfaces.get(device.name)?.[family];
      const recalled = (last?.addresses ?? []).flatMap((text) => readOwnAddress(text) ?? []);
      if (last === undefined || recalled.length === 0 || globalOf(device, family).length > 0) continue;
      addresses.push(...recalled);
      const listed = recalled.map(formatAddress).join(', ');
      notes.push(
        `${device.name} has no ${NAMES[family]} address: me is its last known ${listed} (${formatAge(last, now)} old)`,
      );
    }
  }
  return { addresses, notes };
}

/** Those that other networks know. */
function globalOf(device: NetworkInterface, family: keyof KnownInterface): readonly DeviceAddress[] {
  return device.addresses.filter((address) => `ipv${address.family}` === family && !isLinkLocal(ownAddress(address)));
}

/** `192.0.2.1/24`; undefined where it is none. */
function readOwnAddress(text: string): OwnAddress | undefined {
  const [address = '', length] = text.split('/');
  const prefixLength = Number(length);
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 128) return undefined;
  return parseAddress(address) === undefined ? undefined : ownAddress({ address, prefixLength });
}

export interface RecalledNames {
  /** Each name with the answer it had last. */
  readonly names: ReadonlyMap<string, readonly Address[]>;
  /** A sentence about each, with the age of the answer. */
  readonly notes: ReadonlyMap<string, string>;
}

/** Those of the names for which an answer is known; `compiled` are the answers that a policy was compiled with before. */
export function recallNames(
  wanted: Iterable<string>,
  known: KnownHost,
  compiled: ReadonlyMap<string, readonly Address[]>,
  now: Date,
): RecalledNames {
  const names = new Map<string, readonly Address[]>();
  const notes = new Map<string, string>();
  for (const name of wanted) {
    const last = known.names.get(name);
    const addresses = last?.addresses.flatMap((text) => parseAddress(text) ?? []) ?? compiled.get(name) ?? [];
    if (addresses.length === 0) continue;
    names.set(name, addresses);
    const age = last === undefined ? 'of unknown age' : `${formatAge(last, now)} old`;
    notes.set(name, `${name} is its last known ${addresses.map(formatAddress).join(', ')} (${age})`);
  }
  return { names, notes };
}

/** With the answers that were just given. Of others those of the names in `kept` stay. */
export function withAnswers(
  before: KnownHost,
  answers: ReadonlyMap<string, readonly Address[]>,
  kept: ReadonlySet<string>,
  now: Date,
): KnownHost {
  const isKept = ([name]: readonly [string, unknown]): boolean => kept.has(name);
  const names = new Map([...before.names].filter(isKept));
  for (const [name, addresses] of answers) {
    if (addresses.length > 0) names.set(name, { addresses: addressTexts(addresses), at: now.toISOString() });
  }
  return { ...before, names, failures: new Map([...before.failures].filter(isKept)) };
}

/** Seconds, and what one of the unit is called. */
const UNITS: readonly (readonly [seconds: number, one: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];

/** Seconds since then. A time that a clock has put in the future is no time ago. */
export function ageOf({ at }: Pick<KnownAddresses, 'at'>, now: Date): number {
  return Math.max(0, Math.floor((now.getTime() - Date.parse(at)) / 1000)) || 0;
}

/** `3 days`, `1 hour`, `5 seconds`. */
export function formatAge(known: Pick<KnownAddresses, 'at'>, now: Date): string {
  const seconds = ageOf(known, now);
  const [size, one] = UNITS.find(([length]) => seconds >= length) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/**
 * What there is to remember of these interfaces: the addresses of those that have any, else what was known of them.
 * `expected` are names of interfaces that may come back.
 */
export function withInterfaces(
  before: KnownHost,
  devices: readonly NetworkInterface[],
  expected: readonly string[],
  now: Date,
): KnownHost {
  const kept = new Set([...expected, ...devices.map(({ name }) => name)]);
  const interfaces = new Map([...before.interfaces].filter(([name]) => kept.has(name)));
  for (const device of devices) {
    for (const family of FAMILIES) {
      const addresses = globalOf(device, family).map(({ address, prefixLength }) => `${address}/${prefixLength}`);
      if (addresses.length === 0) continue;
      const fresh = { [family]: { addresses: addresses.sort(), at: now.toISOString() } };
      interfaces.set(device.name, { ...interfaces.get(device.name), ...fresh });
    }
  }
  return { ...before, interfaces };
}

/** Writes what has changed, or is old. A failure of the disk is reported; the next boot then lacks what was not written. */
export function keepKnownHost({ store, report }: HostContext, before: KnownHost, after: KnownHost): void {
  if (!isWorthWriting(before, after)) return;
  try {
    store.knownHost.write(after);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const why = messageOf(error);
    report({ kind: 'warning', text: `the next boot does not know the addresses of this host: ${why}` });
  }
}

/** Something that changed, or an age that is far off. */
export function isWorthWriting(before: KnownHost, after: KnownHost): boolean {
  if (JSON.stringify([...before.failures]) !== JSON.stringify([...after.failures])) return true;
  if (before.interfaces.size !== after.interfaces.size || before.names.size !== after.names.size) return true;
  const isNewHere = ([name, fresh]: readonly [string, KnownInterface]): boolean =>
    FAMILIES.some((family) => isNews(before.interfaces.get(name)?.[family], fresh[family]));
  return (
    [...after.interfaces].some(isNewHere) || [...after.names].some(([name, one]) => isNews(before.names.get(name), one))
  );
}

function isNews(before: KnownAddresses | undefined, after: KnownAddresses | undefined): boolean {
  if (after === undefined) return before !== undefined;
  const { addresses, at } = after;
  if (before === undefined || before.addresses.join() !== addresses.join()) return true;
  // Also where a clock was set back.
  return Math.abs(Date.parse(at) - Date.parse(before.at)) >= REFRESH;
}
