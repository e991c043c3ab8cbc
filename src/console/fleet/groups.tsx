/** Groups with what is ordered for them, and for the whole fleet. */
import type { VNode } from 'preact';
import type { FleetSummary } from '../../api/fleet-console.ts';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatCount } from '../readable-values.ts';
import type { Question } from './questions.tsx';
import type { Rights } from './rollouts.tsx';

interface Row {
  readonly target: string;
  readonly name: string;
  readonly priority: string;
  readonly selector: string;
  readonly ordered: string | null;
  readonly hosts: number;
  readonly inSync: number;
}

function rowsOf({ groups, ordered, total, states }: FleetSummary): readonly Row[] {
  const fleet = { target: 'fleet', name: 'the whole fleet', priority: '', selector: '', ordered };
  return [
    ...groups.map(({ name, priority, selector, ...group }) => {
      return { ...group, target: `group/${name}`, name, priority: String(priority), selector: selector ?? 'by name' };
    }),
    { ...fleet, hosts: total, inSync: states['in-sync'] },
  ];
}

export interface GroupsProps extends Rights {
  readonly summary: FleetSummary;
  readonly onAsk: (question: Question) => void;
  /** Lists the hosts of a group; undefined: all. */
  readonly onShow: (group: string | undefined) => void;
}

export function Groups({ summary, mayChange, maySign, onAsk, onShow }: GroupsProps): VNode {
  const isOpen = (target: string): boolean =>
    summary.rollouts.some((one) => one.target === target && (one.state === 'running' || one.state === 'stopped'));
  const action = ({ target, ordered }: Row): VNode | string =>
    ordered === null && !isOpen(target) ? (
      ''
    ) : (
      <button
        type="button"
        class="quiet"
        disabled={!maySign && !isOpen(target)}
        aria-label={`Roll back ${target}`}
        aria-describedby={maySign ? undefined : 'unsigned'}
        onClick={() => onAsk({ kind: 'roll-back', target })}
      >
        Roll back…
      </button>
    );
  return (
    <section aria-label="Groups">
      <h2>Groups</h2>
      <VirtualTable
        label="Groups of the fleet"
        head={['Group', 'Priority', 'Labels', 'Ordered', 'Hosts', 'In sync', ...(mayChange ? [''] : [])]}
        rows={rowsOf(summary)}
        cells={(row) => [
          <button type="button" class="link" onClick={() => onShow(row.target === 'fleet' ? undefined : row.name)}>
            {row.name}
          </button>,
          row.priority,
          row.selector,
          row.ordered ?? '-',
          formatCount(row.hosts),
          formatCount(row.inSync),
          ...(mayChange ? [action(row)] : []),
        ]}
        keyOf={({ target }) => target}
        searchIn={({ name, selector }) => `${name} ${selector}`}
        numbers={[1, 4, 5]}
      />
    </section>
  );
}
