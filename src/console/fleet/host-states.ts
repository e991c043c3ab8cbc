/** States of hosts, in words of `xdpol fleet status`. */
import type { FleetHostState } from '../../api/fleet-console.ts';

export const STATE_WORDS: Readonly<Record<FleetHostState, string>> = {
  'in-sync': 'in sync',
  pending: 'pending',
  failed: 'failed',
  'rolled-back': 'rolled back',
  drifted: 'drifted',
  silent: 'silent',
  'not-joined': 'not joined',
};

/** The class of its colour. */
export function kindOfState(state: FleetHostState): string {
  if (state === 'in-sync') return 'pass';
  return state === 'pending' || state === 'not-joined' ? '' : 'drop';
}
