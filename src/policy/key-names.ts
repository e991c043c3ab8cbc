/** The keys of the order in words, as people read them behind "first by". */
import type { DecidingKey } from './specificity.ts';

export const KEY_NAMES: Readonly<Record<DecidingKey, string>> = {
  addressLong: 'longer prefix',
  addressShort: 'other prefix',
  protocol: 'named protocol',
  portNarrow: 'narrower ports',
  portWide: 'other ports',
  established: 'established',
  fragment: 'later fragments',
  interface: 'interface',
  action: 'block first',
  position: 'listed first',
};
