/** Filter lists and address sets of a policy, which its rules share. */
import type { VNode } from 'preact';
import type { OutlineOutcome } from '../../host/outline-policy.ts';
import type { OutlinedList, OutlinedSet } from '../../policy/outline.ts';
import { formatCount } from '../readable-values.ts';
import { SEARCH_FROM, VirtualTable } from './virtual-table.tsx';

export interface PolicyListsProps {
  readonly outline: OutlineOutcome;
  /** Shows the rules that have the name in them. */
  readonly onFind: (name: string) => void;
}

function usesCell({ name, rules }: OutlinedList | OutlinedSet, onFind: PolicyListsProps['onFind']): VNode {
  if (rules === 0) return <span class="help">no rule</span>;
  const count = `${formatCount(rules)} ${rules === 1 ? 'rule' : 'rules'}`;
  return (
    <button type="button" class="link" aria-label={`${count}: show what uses ${name}`} onClick={() => onFind(name)}>
      {count}
    </button>
  );
}

function MoreLists({ shown, count }: { readonly shown: number; readonly count: number }): VNode | null {
  if (shown >= count) return null;
  return (
    <p class="help">
      The {formatCount(shown)} of {formatCount(count)} that most rules use.
    </p>
  );
}

export function PolicyLists({ outline, onFind }: PolicyListsProps): VNode {
  const { filterLists, filterListCount, addressSets, addressSetCount } = outline;
  const searchIn = ({ name }: OutlinedList | OutlinedSet): string => name;
  const search = (count: number): { readonly searchIn?: typeof searchIn } => (count < SEARCH_FROM ? {} : { searchIn });
  return (
    <>
      {filterLists.length > 0 && (
        <section>
          <h2>Filter lists</h2>
          <MoreLists shown={filterLists.length} count={filterListCount} />
          <VirtualTable
            label="Filter lists"
            head={['Filter list', 'Filters', 'Used by']}
            numbers={[1]}
            rows={filterLists}
            keyOf={({ name }) => name}
            {...search(filterLists.length)}
            cells={(list) => [<strong>{list.name}</strong>, formatCount(list.filters), usesCell(list, onFind)]}
          />
        </section>
      )}
      {addressSets.length > 0 && (
        <section>
          <h2>Address sets</h2>
          <MoreLists shown={addressSets.length} count={addressSetCount} />
          <VirtualTable
            label="Address sets"
            head={['Address set', 'Prefixes', 'Members', 'Used by']}
            numbers={[1]}
            rows={addressSets}
            keyOf={({ name }) => name}
            {...search(addressSets.length)}
            cells={(set) => [
              <strong>{set.name}</strong>,
              set.live ? '' : formatCount(set.prefixes),
              set.live ? <a href="#/sets">live</a> : 'of the policy',
              usesCell(set, onFind),
            ]}
          />
        </section>
      )}
    </>
  );
}
