/** Counters as a table. */
import type { CounterOutcome, HostCounters } from '../../host/counters.ts';
import { si, table } from './table.ts';

function nameOf({ rule, reason, policy, retired }: CounterOutcome): string {
  const name = rule ?? reason ?? '';
  return retired && policy !== null ? `${name} (retired, ${policy})` : name;
}

/** Reasons that counted nothing are left out, rules never. */
function isShown({ by, packets }: CounterOutcome, all: boolean): boolean {
  return all || packets > 0 || by === 'rule' || by === 'default';
}

export function renderCounters({ interfaces }: HostCounters, all: boolean): string {
  const rows = interfaces.flatMap(({ name, direction, counters, fragments }) => {
    const shown = counters.filter((counter) => isShown(counter, all));
    const lines = shown.map((counter) => {
      const { by, action, packets, bytes } = counter;
      return [name, direction, by, nameOf(counter), action, String(packets), si(bytes)];
    });
    const later = [name, direction, 'also', 'fragment', '', String(fragments.packets), si(fragments.bytes)];
    return fragments.packets > 0 ? [...lines, later] : lines;
  });
  const columns = [
    { title: 'INTERFACE' },
    { title: 'DIRECTION' },
    { title: 'BY' },
    { title: 'NAME' },
    { title: 'ACTION' },
    { title: 'PACKETS', right: true },
    { title: 'BYTES', right: true },
  ];
  return table(columns, rows);
}
