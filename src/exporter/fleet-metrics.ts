/** The orders of the fleet, as this host knows them. */
import type { Samples } from './sample-metrics.ts';

export interface FleetState {
  /** The order that applies to this host; undefined while it has none. */
  readonly desired:
    | {
        /** Of the policy; empty where the order ends filtering. */
        readonly hash: string;
        /** What the order is for: `fleet`, `group/NAME` or `host/NAME`. */
        readonly target: string;
      }
    | undefined;
  /** Is that in force, as it was ordered? undefined while there is no order. */
  readonly isInSync: boolean | undefined;
  /** Milliseconds of Unix time; undefined where no front has been reached since the agent started. */
  readonly lastContact: number | undefined;
  /** Milliseconds of Unix time. */
  readonly startedAt: number;
}

export function addFleet(samples: Samples, { desired, isInSync, lastContact, startedAt }: FleetState): void {
  if (desired !== undefined) {
    samples.add('xdpol_fleet_desired_info', { hash: desired.hash, group: desired.target }, 1);
  }
  if (isInSync !== undefined) samples.add('xdpol_fleet_in_sync', {}, isInSync ? 1 : 0);
  samples.add('xdpol_fleet_last_contact_seconds', {}, (Date.now() - (lastContact ?? startedAt)) / 1000);
}
