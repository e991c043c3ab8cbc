/** Packets that two policies treat differently, looked for at the edges of both. */
import type { Prefix } from '../base/ip.ts';
import type { PolicyDiff } from '../formats/diff.ts';
import type { Decision } from '../policy/classify.ts';
import { ReferenceClassifier } from '../policy/classify.ts';
import type { Filter, HostAddresses, Policy } from '../policy/model.ts';
import type { EdgeSource } from '../policy/packet/edges.ts';
import { edgePackets, packetKey } from '../policy/packet/edges.ts';
import type { Packet } from '../policy/packet/model.ts';

export interface PolicyOnHost {
  readonly policy: Policy;
  readonly host: HostAddresses;
}

/** Packets whose verdict changes from one decision to another. */
export interface VerdictChange {
  readonly before: Decision;
  readonly after: Decision;
  /** undefined: any interface that no rule names. */
  readonly interfaceName: string | undefined;
  readonly example: Packet;
  readonly packets: number;
}

export interface VerdictChanges {
  readonly tried: number;
  readonly changes: readonly VerdictChange[];
}

const MAX_PACKETS = 5000;
/** Packets times filters: about a second. */
const MAX_WORK = 20_000_000;
const MAX_INTERFACES = 4;

export function verdictChanges(before: PolicyOnHost, after: PolicyOnHost, diff: PolicyDiff): VerdictChanges {
  const packets = packetsOf(before, after, diff);
  const names = [undefined, ...interfacesOf(before.policy), ...interfacesOf(after.policy)];
  const interfaceNames = [...new Set(names)].slice(0, MAX_INTERFACES);
  const classifiers = [before, after].map(({ policy, host }) => new ReferenceClassifier(policy, host));
  const [first, second] = classifiers;
  const changes = new Map<string, VerdictChange>();
  if (first === undefined || second === undefined) return { tried: 0, changes: [] };
  for (const interfaceName of interfaceNames) {
    const [was, is] = [first, second].map((one) => one.classifyAll(packets, { interface: interfaceName }));
    for (const [i, packet] of packets.entries()) {
      const [a, b] = [was?.[i], is?.[i]];
      if (a === undefined || b === undefined || a.verdict === b.verdict) continue;
      const key = JSON.stringify([a.by, a.rule, b.by, b.rule, a.verdict]);
      const known = changes.get(key) ?? { before: a, after: b, interfaceName, example: packet, packets: 0 };
      changes.set(key, { ...known, packets: known.packets + 1 });
    }
  }
  return { tried: packets.length * interfaceNames.length, changes: [...changes.values()] };
}

function interfacesOf(policy: Policy): readonly string[] {
  return policy.rules.flatMap((rule) => rule.interfaces ?? []);
}

function filtersOf(policy: Policy): readonly Filter[] {
  return policy.rules.flatMap((rule) => rule.filterList.filters);
}

/** Those of changed filters first, then those of filters spread over both policies. */
function packetsOf(before: PolicyOnHost, after: PolicyOnHost, diff: PolicyDiff): readonly Packet[] {
  const total = filtersOf(before.policy).length + filtersOf(after.policy).length;
  const limit = Math.min(MAX_PACKETS, Math.ceil(MAX_WORK / Math.max(1, total)));
  const changed = new Set([...diff.rules.flatMap((rule) => [...rule.added, ...rule.removed])]);
  const preferred = new Map(
    diff.addressSets.map(({ set, added, removed }) => [set, alternatePrefixes(added, removed)]),
  );
  const packets = new Map<string, Packet>();
  const take = (filters: readonly Filter[], source: EdgeSource, until: number): void => {
    const step = Math.max(1, Math.floor(filters.length / until));
    for (let i = 0; i < filters.length && packets.size < until; i += step) {
      const filter = filters[i];
      if (filter === undefined) continue;
      for (const packet of edgePackets(filter, source)) packets.set(packetKey(packet), packet);
    }
  };
  const sources = [before, after].map(({ policy, host }): EdgeSource => ({ policy, host, preferred }));
  for (const [i, source] of sources.entries()) {
    const own = filtersOf(source.policy).filter((filter) => changed.has(filter));
    take(own, source, (limit * (i + 1)) / 4);
  }
  for (const [i, source] of sources.entries()) take(filtersOf(source.policy), source, limit * (0.75 + 0.25 * i));
  return [...packets.values()];
}

/** So that the first few are of both. */
function alternatePrefixes(a: readonly Prefix[], b: readonly Prefix[]): readonly Prefix[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i]])
    .flat()
    .filter((prefix) => prefix !== undefined);
}
