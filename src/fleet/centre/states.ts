/** How each host stands to what was ordered for it. */

import type { FleetHostState } from '../../api/fleet-console.ts';
import { FLEET_HOST_STATES } from '../../api/fleet-console.ts';
import { STATUS_INTERVAL } from '../front-routes.ts';
import type { Order } from '../order.ts';
import type { HostStatus } from '../records.ts';
import type { Snapshot } from './snapshot.ts';
import { orderedFor } from './snapshot.ts';

export const HOST_STATES: typeof FLEET_HOST_STATES = FLEET_HOST_STATES;
export type HostState = FleetHostState;

/** Who needs somebody, the most urgent first. */
export const URGENCY: readonly HostState[] = ['failed', 'rolled-back', 'drifted', 'silent', 'pending', 'not-joined'];

export interface HostStanding {
  readonly host: string;
  readonly state: HostState;
  readonly ordered: Order | undefined;
  readonly status: HostStatus | undefined;
}

/** Milliseconds without a report after which a host is silent: two were missed. */
export const SILENT_AFTER: number = 2.2 * STATUS_INTERVAL * 1000;

/** Whether what is in force on the host is what the order says. */
export function isInForce(order: Order | undefined, { inForce }: HostStatus): boolean {
  if (order === undefined) return true;
  return order.kind === 'policy' ? inForce.sha256 === order.policy.sha256 : inForce.sha256 === null;
}

function stateOf(order: Order | undefined, status: HostStatus | undefined, hasJoined: boolean, now: number): HostState {
  if (status === undefined) return hasJoined ? 'silent' : 'not-joined';
  if (now - status.at > SILENT_AFTER) return 'silent';
  const isOfThisOrder = order !== undefined && status.seq !== null && status.seq >= order.seq;
  if (isOfThisOrder && status.isRolledBack) return 'rolled-back';
  if (isOfThisOrder && status.error !== null) return 'failed';
  if (status.isDrifted) return 'drifted';
  return status.isPending || !isInForce(order, status) ? 'pending' : 'in-sync';
}

export function standingOf(snapshot: Snapshot, host: string, now: number): HostStanding {
  const ordered = orderedFor(snapshot, host)?.order;
  const status = snapshot.statuses.get(host)?.value;
  const hasJoined = snapshot.hosts.get(host)?.value.fingerprint != null;
  return { host, ordered, status, state: stateOf(ordered, status, hasJoined, now) };
}

export function allStandings(snapshot: Snapshot, now: number): readonly HostStanding[] {
  return [...snapshot.hosts.keys()].sort().map((host) => standingOf(snapshot, host, now));
}
