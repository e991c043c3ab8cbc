/** The rules of a policy, with what each has counted where the policy is in force. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { OutlinedRule, OutlineOutcome } from '../../host/outline-policy.ts';
import type { Row } from '../rates.ts';
import { formatCount, formatRate } from '../readable-values.ts';
import { VirtualTable } from './virtual-table.tsx';

interface Tally {
  readonly packets: number;
  readonly rate: number;
}

/** By rule, over all interfaces. */
function talliesOf(policy: string, rows: readonly Row[]): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const { counter, packets, rate } of rows) {
    if (counter.policy !== policy || counter.rule === null) continue;
    const { packets: sum, rate: speed } = tallies.get(counter.rule) ?? { packets: 0, rate: 0 };
    tallies.set(counter.rule, { packets: sum + packets, rate: speed + rate });
  }
  return tallies;
}

function filtersOf({ filterList, filters, name }: OutlinedRule): VNode | null {
  const [first = 'none'] = filters;
  const more = filters.length > 1 ? ` and ${filters.length - 1} more` : '';
  const list = filterList === name ? '' : `${filterList}: `;
  return (
    <span title={filters.join('\n')}>
      {list}
      <code>{first}</code>
      {more}
    </span>
  );
}

export interface PolicyRulesProps {
  readonly outline: OutlineOutcome;
  readonly rows: readonly Row[];
}

export function PolicyRules({ outline, rows }: PolicyRulesProps): VNode | null {
  const { policy, rules } = outline;
  const tallies = useMemo(() => talliesOf(policy, rows), [policy, rows]);
  if (rules.length === 0) return <p class="empty">It has no rule: the default decides every packet.</p>;
  const tallyOf = ({ name }: OutlinedRule): Tally | undefined => tallies.get(name);
  return (
    <VirtualTable
      label="Rules"
      head={['Rule', 'Action', 'Packets', 'Now', 'Interfaces', 'Filters']}
      numbers={[2, 3]}
      rows={rules}
      keyOf={(_, i) => String(i)}
      searchIn={({ name, action, filterList, filters }) => `${name} ${action} ${filterList} ${filters.join(' ')}`}
      cells={(rule) => [
        <strong key="name">{rule.name}</strong>,
        <span key="action" class={rule.action === 'permit' ? 'pass' : 'drop'}>
          {rule.action}
        </span>,
        formatCount(tallyOf(rule)?.packets ?? 0),
        formatRate(tallyOf(rule)?.rate ?? 0),
        rule.interfaces?.join(', ') ?? 'all',
        filtersOf(rule),
      ]}
    />
  );
}
