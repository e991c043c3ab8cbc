/** Which order counts where several are for a host. */

import type { Target } from './fleet-names.ts';
import type { Order } from './order.ts';
import type { GroupRecord, HostRecord } from './records.ts';
import { matchesSelector } from './selector.ts';

/**
 * The order that counts: of the first target that has a policy. Where none has one and a target was unassigned, that order:
 * nothing is to be in force. undefined where nobody ordered anything: what is in force stays.
 */
export function effectiveOrder<T extends { readonly order: Order }>(
  targets: readonly Target[],
  orders: ReadonlyMap<Target, T>,
): T | undefined {
  const present = targets.map((target) => orders.get(target)).filter((found) => found !== undefined);
  return present.find(({ order }) => order.kind === 'policy') ?? present.find(({ order }) => order.kind === 'unassign');
}

/** Groups that a host is in, by name or by its labels; the highest priority first. */
export function groupsOf(host: HostRecord, groups: Iterable<GroupRecord>): readonly GroupRecord[] {
  const found = [...groups].filter(
    ({ name, selector }) => host.groups.includes(name) || (selector !== null && matchesSelector(selector, host.labels)),
  );
  return found.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
}

export interface Tie {
  readonly host: string;
  readonly groups: readonly [string, string];
  readonly priority: number;
}

/** Hosts for which two groups that both have orders would count alike: an error when an order or a group is made. */
export function findTies(
  hosts: Iterable<HostRecord>,
  groups: readonly GroupRecord[],
  isOrdered: (group: string) => boolean,
): readonly Tie[] {
  const ordered = groups.filter(({ name }) => isOrdered(name));
  return [...hosts].flatMap((host) => {
    const own = groupsOf(host, ordered);
    return own.flatMap((group, at): readonly Tie[] => {
      const next = own[at + 1];
      if (next?.priority !== group.priority) return [];
      return [{ host: host.name, groups: [group.name, next.name], priority: group.priority }];
    });
  });
}
