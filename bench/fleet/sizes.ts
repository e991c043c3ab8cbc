/** The fleets, by the names that the command line takes. */
import type { StoreKind } from './centre.ts';

export interface FleetSize {
  readonly hosts: number;
  readonly stores: readonly StoreKind[];
}

const BOTH = ['embedded', 'etcd'] as const;

export const FLEETS: Readonly<Record<string, FleetSize>> = {
  'fleet-500': { hosts: 500, stores: BOTH },
  'fleet-2k': { hosts: 2000, stores: BOTH },
  'fleet-5k': { hosts: 5000, stores: BOTH },
  // One store takes six minutes on two CPUs that have nothing else to do, and twice as long beside other work.
  'fleet-10k': { hosts: 10_000, stores: ['embedded'] },
};
