/** The rules of a policy, with what each has counted where the policy is in force. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { OutlineOutcome } from '../../host/outline-policy.ts';
import type { OutlinedRule } from '../../policy/outline.ts';
import { question } from '../api.ts';
import { formatAge, formatCount, formatRate, formatTime } from '../readable-values.ts';
import { useAnswer } from './debounced.ts';
import { ErrorBox } from './error-box.tsx';
import { PagedSearch } from './paged-search.tsx';
import { PolicyLists } from './policy-lists.tsx';
import { PolicyTests } from './policy-tests.tsx';
import type { Tally } from './rule-tallies.ts';
import { useTallies } from './rule-tallies.ts';
import { SEARCH_FROM, VirtualTable } from './virtual-table.tsx';

/** Rules of a page. */
const LIMIT = 500;
const NO_RULES: readonly OutlinedRule[] = [];
const NO_NAMES: readonly string[] = [];

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

function lastMatchOf(tally: Tally | undefined): VNode | string {
  if (tally === undefined) return '';
  const { lastMatch } = tally;
  if (lastMatch === null) return 'never';
  return <span title={formatTime(lastMatch)}>{formatAge(lastMatch, Date.now())}</span>;
}

function tableOf(rules: readonly OutlinedRule[], tallies: ReadonlyMap<string, Tally>): VNode {
  const tallyOf = ({ name }: OutlinedRule): Tally | undefined => tallies.get(name);
  const isLimited = rules.some(({ interfaces }) => interfaces !== null);
  return (
    <VirtualTable
      label="Rules"
      layout="rules"
      head={['Rule', 'Action', 'Packets', 'Now', 'Last match', ...(isLimited ? ['Interfaces'] : []), 'Filters']}
      numbers={[2, 3]}
      rows={rules}
      keyOf={(_, i) => String(i)}
      cells={(rule) => [
        <strong key="name" title={rule.name}>
          {rule.name}
        </strong>,
        <span key="action" class={rule.action === 'permit' ? 'pass' : 'drop'}>
          {rule.action}
        </span>,
        formatCount(tallyOf(rule)?.packets ?? 0),
        formatRate(tallyOf(rule)?.rate ?? 0),
        lastMatchOf(tallyOf(rule)),
        ...(isLimited ? [rule.interfaces?.join(', ') ?? 'all'] : []),
        filtersOf(rule),
      ]}
    />
  );
}

function Facts({ outline }: { readonly outline: OutlineOutcome }): VNode | null {
  const { description, exemptions, testCount } = outline;
  return (
    <>
      {description !== '' && <p>{description}</p>}
      <dl class="facts">
        <div>
          <dt>Where no filter matches</dt>
          <dd class={outline.default === 'permit' ? 'pass' : 'drop'}>{outline.default}</dd>
        </div>
        <div>
          <dt>Exemptions</dt>
          <dd>{exemptions.length === 0 ? 'none' : exemptions.join(', ')}</dd>
        </div>
        <div>
          <dt>Tests</dt>
          <dd>{testCount === 0 ? 'none' : formatCount(testCount)}</dd>
        </div>
      </dl>
    </>
  );
}

export interface PolicyRulesProps {
  readonly name: string;
  readonly version: number;
  /** It has counters then. */
  readonly isInForce: boolean;
}

/** What the policy consists of, its rules a page at a time: the host has 100,000 of them. */
export function PolicyRules({ name, version, isInForce }: PolicyRulesProps): VNode | null {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const asked = { input: { stored: name, version }, search, page, limit: LIMIT };
  const { value, error } = useAnswer(JSON.stringify(asked), (signal) =>
    question<OutlineOutcome>('/v1/outline', asked, signal),
  );
  const rules = value?.rules ?? NO_RULES;
  const tallies = useTallies(isInForce ? rules.map((rule) => rule.name) : NO_NAMES);
  if (error !== undefined) return <ErrorBox error={error} />;
  if (value === undefined)
    return (
      <p class="loading">
        Reading the rules… The host reads a version of many rules for a while, once; it answers everything else
        meanwhile.
      </p>
    );
  const { found, total } = value;
  return (
    <>
      <Facts outline={value} />
      <h2>Rules</h2>
      {total >= SEARCH_FROM && (
        <PagedSearch
          label="Rules"
          placeholder="Search"
          search={search}
          onSearch={setSearch}
          found={found}
          total={total}
          page={page}
          limit={LIMIT}
          onPage={setPage}
        />
      )}
      {total === 0 && <p class="empty">It has no rule: the default decides every packet.</p>}
      {total > 0 && found === 0 && <p class="empty">No rule has these words.</p>}
      {found > 0 && tableOf(rules, tallies)}
      <PolicyLists
        outline={value}
        onFind={(words) => {
          setSearch(words);
          setPage(1);
        }}
      />
      <PolicyTests name={name} version={version} tests={value.tests} count={value.testCount} />
    </>
  );
}
