/** Addresses that must not become members of a set that blocks: the host would cut itself off. */
import { networkInterfaces } from 'node:os';
import { Diagnostics, spanOfFile } from '../../base/diagnostics.ts';
import type { Prefix } from '../../base/ip.ts';
import { containsAddress, formatPrefix, parseAddress, wholeAddress } from '../../base/ip.ts';
import { parsePrefixes } from '../../formats/address-text.ts';
import { rangePrefixes, singleAddresses } from '../../policy/address-match.ts';
import { broadcastOf, localPrefixes } from '../../policy/local.ts';
import type { HostAddresses, SingleAddress } from '../../policy/model.ts';
import { readHostConfig } from '../config.ts';
import type { HostContext } from '../context.ts';
import { parseSshConnection } from '../guard/ssh-connection.ts';
import { readKnownHost } from '../last-known.ts';
import { ownAddresses, readOwnNetwork } from './own-network.ts';

export type ProtectedAs = 'protected' | 'own' | 'gateway' | 'resolver' | 'session' | 'excluded';

export interface NeverBanned {
  readonly prefix: Prefix;
  readonly reason: ProtectedAs;
}

const BLOCKS = ', and the set is for packets that are blocked';

const WHY: Readonly<Record<ProtectedAs, (address: string) => string>> = {
  protected: (address) => `the configuration protects ${address}${BLOCKS}`,
  own: (address) => `${address} is an address of this host${BLOCKS}`,
  gateway: (address) => `${address} is a default gateway of this host${BLOCKS}`,
  resolver: (address) => `${address} is a resolver of this host${BLOCKS}`,
  session: (address) => `you are connected from ${address} by SSH${BLOCKS}`,
  excluded: (address) => `the set leaves out ${address}`,
};

export function whyNeverBanned({ prefix, reason }: NeverBanned): string {
  const isHost = prefix.length === 32 * prefix.words.length;
  return WHY[reason](isHost ? formatPrefix(prefix).replace(/\/\d+$/u, '') : formatPrefix(prefix));
}

/** What a prefix must not hold, and must not lie in. */
export async function listNeverBanned(context: HostContext): Promise<readonly NeverBanned[]> {
  const { own, gateways, resolvers } = await (context.ownNetwork?.read() ?? readOwnNetwork());
  return [
    ...protectedPrefixes(context).map((prefix) => ({ prefix, reason: 'protected' }) as const),
    ...hosts(sessionOf(context)).map((prefix) => ({ prefix, reason: 'session' }) as const),
    ...hosts(own).map((prefix) => ({ prefix, reason: 'own' }) as const),
    ...hosts(gateways).map((prefix) => ({ prefix, reason: 'gateway' }) as const),
    ...hosts(resolvers).map((prefix) => ({ prefix, reason: 'resolver' }) as const),
  ];
}

export function findNeverBanned(prefix: Prefix, all: readonly NeverBanned[]): NeverBanned | undefined {
  return all.find(({ prefix: kept }) => containsAddress(prefix, kept) || containsAddress(kept, prefix));
}

/** What a feed must not bring, by the policy. */
export function listExcluded(texts: readonly string[]): readonly NeverBanned[] {
  const prefixes = texts.flatMap((text): readonly Prefix[] => {
    if (text.toLowerCase() === 'me') return hosts(ownAddresses());
    if (text.toLowerCase() === 'local') return localPrefixes(hostNow());
    return parsePrefixes({ text, span: spanOfFile('exclude') }, new Diagnostics()) ?? [];
  });
  return prefixes.map((prefix) => ({ prefix, reason: 'excluded' }));
}

/** Of whoever gives the command: the ban would be the last one. */
function sessionOf({ asker }: HostContext): readonly string[] {
  const ssh = asker.ssh === undefined ? undefined : parseSshConnection(asker.ssh);
  return ssh === undefined ? [] : [ssh.remoteAddress];
}

function hostNow(): Pick<HostAddresses, 'me' | 'broadcasts'> {
  const me = ownAddresses().flatMap((text) => parseAddress(text.split('%')[0] ?? text) ?? []);
  const subnets = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const broadcasts = subnets.flatMap(({ address, cidr }) => {
    const parsed = parseAddress(address);
    return parsed === undefined ? [] : (broadcastOf(parsed, Number(cidr?.split('/')[1] ?? 0)) ?? []);
  });
  return { me, broadcasts };
}

function hosts(texts: readonly string[]): readonly Prefix[] {
  return texts.flatMap((text) => {
    const address = parseAddress(text.split('%')[0] ?? text);
    return address === undefined ? [] : [wholeAddress(address)];
  });
}

/** Every address that the protected filters name; what is any, or the host, is no address to ban. */
function protectedPrefixes({ store }: HostContext): readonly Prefix[] {
  const of = (single: SingleAddress): readonly Prefix[] => {
    if (single.kind === 'prefix') return single.prefix.length === 0 ? [] : [single.prefix];
    if (single.kind === 'range') return rangePrefixes(single.first, single.last);
    return single.kind === 'name' ? hosts(readKnownHost(store).names.get(single.name)?.addresses ?? []) : [];
  };
  const { protect } = readHostConfig().config;
  return protect.flatMap(({ source, destination }) =>
    [source, destination].flatMap((match) => singleAddresses(match).flatMap(of)),
  );
}
