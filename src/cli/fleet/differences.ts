/** What the policies that hosts have in force lack of those that were ordered for them. */
import { findBundle } from '../../fleet/centre/archive.ts';
import type { HostStanding } from '../../fleet/centre/states.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import type { OrderedPolicy } from '../../fleet/order.ts';
import type { PolicyTextInput } from '../../host/policy-input.ts';
import { reachReader } from '../reach-host.ts';
import { renderDiff } from '../render/diff.ts';

/** Pairs of policies that are compared: many hosts have one. */
const MOST_COMPARED = 5;

interface Pair {
  readonly has: { readonly name: string; readonly sha256: string };
  readonly ordered: OrderedPolicy;
  readonly hosts: string[];
}

/** Hosts with one policy in the place of another, by what both are. */
function pairsOf(standings: readonly HostStanding[]): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const { host, ordered, status } of standings) {
    const { sha256 = null, policy = null } = status?.inForce ?? {};
    if (sha256 === null || ordered?.kind !== 'policy' || sha256 === ordered.policy.sha256) continue;
    const key = `${sha256} ${ordered.policy.sha256}`;
    const pair = pairs.get(key) ?? { has: { name: policy ?? 'unnamed', sha256 }, ordered: ordered.policy, hosts: [] };
    pair.hosts.push(host);
    pairs.set(key, pair);
  }
  return [...pairs.values()];
}

async function read(store: FleetStore, file: string, sha256: string): Promise<PolicyTextInput | undefined> {
  const bundle = await findBundle(store, sha256);
  if (bundle === undefined) return undefined;
  return { file, text: bundle.text, readSetFile: (name) => bundle.files.get(name) ?? { error: 'ENOENT' } };
}

async function compare(store: FleetStore, { has, ordered, hosts }: Pair): Promise<string> {
  const names = [`${has.name} ${has.sha256.slice(0, 8)}`, `${ordered.name}@${ordered.version}`] as const;
  const who = `${hosts.slice(0, 3).join(', ')}${hosts.length > 3 ? ` and ${hosts.length - 3} more` : ''}`;
  const from = await read(store, names[0], has.sha256);
  const to = await read(store, names[1], ordered.sha256);
  if (from === undefined || to === undefined) {
    const missing = from === undefined ? names[0] : names[1];
    return `${who}: ${missing} is not in the store, so it cannot be compared`;
  }
  return `${who}:\n${renderDiff(await reachReader(from, to).diff({ from, to, me: undefined }))}`;
}

/** A paragraph for each pair of policies. */
export async function differencesText(store: FleetStore, standings: readonly HostStanding[]): Promise<string> {
  const pairs = pairsOf(standings);
  const texts: string[] = [];
  for (const pair of pairs.slice(0, MOST_COMPARED)) texts.push(await compare(store, pair));
  const left = pairs.length - texts.length;
  if (left > 0) texts.push(`and ${left} more pairs of policies: name a group or a host to see them`);
  return texts.map((text) => `\n${text}\n`).join('');
}
