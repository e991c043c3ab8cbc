/** What hosts of a fleet say of themselves. */
import type { StatusReport } from '../../src/fleet/records.ts';

/** Of a host that has carried out its order, but for what is given. */
export function statusReport(change: Partial<StatusReport> = {}): StatusReport {
  return {
    seq: 1,
    inForce: { target: 'fleet', seq: 1, sha256: null, policy: null },
    isPending: false,
    isRolledBack: false,
    isDrifted: false,
    bans: null,
    newDrops: null,
    error: null,
    version: '1',
    ...change,
  };
}
