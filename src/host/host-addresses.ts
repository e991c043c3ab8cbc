/** What `me` and the names of a policy stand for on this host. */
import { lookup } from 'node:dns/promises';
import { present } from '../base/assert.ts';
import type { Diagnostics } from '../base/diagnostics.ts';
import type { Address } from '../base/ip.ts';
import { formatAddress, parseAddress } from '../base/ip.ts';
import { addressesOf, singleAddresses } from '../policy/address-match.ts';
import type { Filter, HostAddresses, Policy } from '../policy/model.ts';
import type { OwnAddress } from './interfaces.ts';

/** For comparing: sorted, each once. */
export function addressTexts(addresses: readonly Address[]): readonly string[] {
  return [...new Set(addresses.map(formatAddress))].sort();
}

/** Each subnet's once. */
export function broadcastsOf(me: readonly OwnAddress[]): readonly Address[] {
  const all = me.flatMap(({ broadcast }) => broadcast ?? []);
  return [...new Map(all.map((address) => [formatAddress(address), address])).values()];
}

/** What it means depends on the addresses of the filtered interfaces, or on their subnets. */
export function usesMe(policy: Policy): boolean {
  if (policy.exemptions.includes('broadcast')) return true;
  return [...addressesOf(policy)].some(({ kind }) => kind === 'me' || kind === 'local');
}

/** Every answer for a name, of both families, as text. Rejects where there is none. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

/** As the host's other programs resolve: files, DNS, whatever its configuration names. */
async function resolveBySystem(name: string): Promise<readonly string[]> {
  const answers = await lookup(name, { all: true, family: 0 });
  return answers.map(({ address }) => address);
}

/** The names of a policy, each with the filter that has it first. */
export function namesOf(policy: Policy): ReadonlyMap<string, Filter> {
  const names = new Map<string, Filter>();
  for (const filter of policy.rules.flatMap((rule) => rule.filterList.filters)) {
    for (const match of [filter.source, filter.destination].flatMap(singleAddresses)) {
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
  return { me, broadcasts: broadcastsOf(me), names };
}
