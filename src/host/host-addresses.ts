/** What `me` and the names of a policy stand for on this host. */
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Names with their answers, for comparing. */
export function namesAsTexts(
  names: ReadonlyMap<string, readonly Address[]>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...names].map(([name, addresses]) => [name, addressTexts(addresses)]));
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

/** Addresses of one name; each is a condition of its own in the tables. */
const MAX_ANSWERS = 256;
/** Milliseconds for a name whose answer is not known while the policy has to be in force soon. */
const BOOT_PATIENCE = 2000;

/** As the host's other programs resolve: files, DNS, whatever its configuration names. */
export async function resolveBySystem(name: string): Promise<readonly string[]> {
  const answers = await lookup(name, { all: true, family: 0 });
  if (answers.length > MAX_ANSWERS) throw new Error(`${answers.length} addresses, more than ${MAX_ANSWERS}`);
  return answers.map(({ address }) => address);
}

/** Without zones, each once. */
export function readAnswers(texts: readonly string[]): readonly Address[] {
  const whole = texts.map((text) => text.split('%')[0] ?? text);
  return [...new Set(whole)].map((text) => present(parseAddress(text), text));
}

/** Why a name has no answer. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

/** The names of a policy, each with the filter that has it first. */
export function namesOf(policy: Policy): ReadonlyMap<string, Filter> {
  return namesIn(policy.rules.flatMap((rule) => rule.filterList.filters));
}

/** The names of filters, each with the filter that has it first. */
export function namesIn(filters: readonly Filter[]): ReadonlyMap<string, Filter> {
  const names = new Map<string, Filter>();
  for (const filter of filters) {
    for (const match of [filter.source, filter.destination].flatMap(singleAddresses)) {
      if (match.kind === 'name' && !names.has(match.name)) names.set(match.name, filter);
    }
  }
  return names;
}

/** Every address each DNS name of the policy has now, but for those that are known. One without any is an error. */
async function askNames(
  policy: Policy,
  diags: Diagnostics,
  known: ReadonlyMap<string, readonly Address[]>,
  resolve: ResolveName,
): Promise<ReadonlyMap<string, readonly Address[]>> {
  const wanted = [...namesOf(policy)].filter(([name]) => !known.has(name));
  const asked = wanted.map(async ([name, filter]) => {
    const found = await resolve(name).catch(reasonOf);
    return { name, filter, found };
  });
  const answers = new Map([...namesOf(policy).keys()].map((name) => [name, known.get(name) ?? []]));
  for (const { name, filter, found } of await Promise.all(asked)) {
    if (typeof found === 'string' || found.length === 0) {
      const why = typeof found === 'string' && found !== '' ? found : 'no answer';
      const help = 'check the name, or write its addresses';
      diags.report('XP0220', filter.span, `the name ${name} has no address: ${why}`, help);
    }
    answers.set(name, typeof found === 'string' ? [] : readAnswers(found));
  }
  return answers;
}

/** What is known is not asked for. Another name is asked for a moment, and has no address where no answer comes. */
async function completeNames(
  policy: Policy,
  known: ReadonlyMap<string, readonly Address[]>,
  resolve: ResolveName,
): Promise<ReadonlyMap<string, readonly Address[]>> {
  const complete = [...namesOf(policy).keys()].map(async (name) => {
    const found = known.get(name);
    if (found !== undefined) return [name, found] as const;
    const waited = sleep(BOOT_PATIENCE, [], { ref: false });
    const answers = await Promise.race([resolve(name).catch(() => []), waited]);
    return [name, readAnswers(answers)] as const;
  });
  return new Map(await Promise.all(complete));
}

export interface ResolveOptions {
  /** Answers that are taken for those of the resolver. */
  readonly known?: ReadonlyMap<string, readonly Address[]> | undefined;
  /** A name without an answer matches nothing; else it is an error in the policy. */
  readonly mayLack?: boolean;
  readonly resolve?: ResolveName;
}

/** What `me` and the names of a policy stand for. */
export async function resolveHost(
  policy: Policy,
  me: readonly OwnAddress[],
  diags: Diagnostics,
  { known = new Map(), mayLack = false, resolve = resolveBySystem }: ResolveOptions = {},
): Promise<HostAddresses> {
  const names = mayLack ? await completeNames(policy, known, resolve) : await askNames(policy, diags, known, resolve);
  return { me, broadcasts: broadcastsOf(me), names };
}
