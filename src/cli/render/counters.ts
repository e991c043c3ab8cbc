/** Counters as a table. */
import type { CounterOutcome, HostCounters, RetiredPage } from '../../host/counters.ts';
import { si, table } from './table.ts';

const COLUMNS = [
  { title: 'INTERFACE' },
  { title: 'DIRECTION' },
  { title: 'BY' },
  { title: 'NAME' },
  { title: 'ACTION' },
  { title: 'PACKETS', right: true },
  { title: 'BYTES', right: true },
];

function nameOf({ rule, reason }: CounterOutcome): string {
  return rule ?? reason ?? '';
}

/** Reasons that counted nothing are left out, rules never. */
function isShown({ by, packets }: CounterOutcome, all: boolean): boolean {
  return all || packets > 0 || by === 'rule' || by === 'default';
}

export function renderCounters({ interfaces }: HostCounters, all: boolean): string {
  const rows = interfaces.flatMap(({ name, direction, counters, retired, fragments }) => {
    const shown = counters.filter((counter) => isShown(counter, all));
    const lines = shown.map((counter) => {
      const { by, action, packets, bytes } = counter;
      return [name, direction, by, nameOf(counter), action, String(packets), si(bytes)];
    });
    const before = retired.map(({ action, counters: many, packets, bytes }) => {
      const what = `${many} no longer in force`;
      return [name, direction, 'retired', what, action, String(packets), si(bytes)];
    });
    const later = [name, direction, 'also', 'fragment', '', String(fragments.packets), si(fragments.bytes)];
    return [...lines, ...before, ...(fragments.packets > 0 ? [later] : [])];
  });
  return table(COLUMNS, rows);
}

export function renderRetired({ page, pages, total, limit, counters }: RetiredPage): string {
  if (total === 0) return 'no rule that is no longer in force has counted anything';
  if (counters.length === 0) return `there is no page ${page}: the last one is ${pages}`;
  const rows = counters.map((counter) => {
    const { interface: name, direction, by, action, packets, bytes, policy } = counter;
    return [name, direction, by, nameOf(counter), action, String(packets), si(bytes), policy ?? ''];
  });
  const shown = table([...COLUMNS, { title: 'POLICY' }], rows);
  if (pages === 1) return shown;
  const first = (page - 1) * limit + 1;
  return `${shown}\n${first} to ${first + counters.length - 1} of ${total}, page ${page} of ${pages}`;
}
