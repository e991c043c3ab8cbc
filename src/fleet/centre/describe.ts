/** Orders and hosts, as people and programs read them. */
import type { WireStanding } from '../../api/fleet-console.ts';
import type { Order } from '../order.ts';
import type { HostStanding } from './states.ts';

export function describeOrder(order: Order): string {
  switch (order.kind) {
    case 'policy':
      return `${order.policy.name}@${order.policy.version}`;
    case 'unassign':
      return 'nothing';
    case 'bans':
      return `${order.bans.entries.length} ${order.bans.entries.length === 1 ? 'ban' : 'bans'} in ${order.bans.set}`;
  }
}

export function inForceText({ status, ordered }: HostStanding): string {
  if (status === undefined) return '-';
  const { policy, sha256 } = status.inForce;
  if (sha256 === null) return policy ?? 'nothing';
  const isOrdered = ordered?.kind === 'policy' && ordered.policy.sha256 === sha256;
  return isOrdered ? describeOrder(ordered) : `${policy ?? 'unnamed'} ${sha256.slice(0, 8)}`;
}

export function standingJson({ host, state, ordered, status }: HostStanding): WireStanding {
  return {
    host,
    state,
    ordered: ordered === undefined ? null : { target: ordered.target, seq: ordered.seq, what: describeOrder(ordered) },
    inForce: status?.inForce ?? null,
    seen: status === undefined ? null : new Date(status.at).toISOString(),
    error: status?.error ?? null,
    version: status?.version ?? null,
  };
}
