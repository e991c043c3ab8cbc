/** The hosts of the fleet, a page at a time: the server searches them. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { FleetGroup, FleetHost, FleetHostPage, FleetHostState } from '../../api/fleet-console.ts';
import { FLEET_HOST_STATES } from '../../api/fleet-console.ts';
import { FLEET_ROUTES } from '../../api/fleet-console-routes.ts';
import { read } from '../api.ts';
import { SHORT_PAUSE, useAnswer } from '../parts/debounced.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { PagedSearch } from '../parts/paged-search.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatAge, formatTime } from '../readable-values.ts';
import type { HostFilter } from './fleet-screen.tsx';
import { kindOfState, STATE_WORDS } from './host-states.ts';

/** Hosts of a page. */
const LIMIT = 200;

interface FiltersProps {
  readonly filter: HostFilter;
  readonly groups: readonly FleetGroup[];
  readonly onFilter: (filter: HostFilter) => void;
}

function Filters({ filter, groups, onFilter }: FiltersProps): VNode {
  return (
    <form class="row" onSubmit={(event) => event.preventDefault()}>
      <label>
        State
        <select
          value={filter.state ?? ''}
          onChange={({ currentTarget: { value } }) =>
            onFilter({ ...filter, state: value === '' ? undefined : (value as FleetHostState) })
          }
        >
          <option value="">any</option>
          {FLEET_HOST_STATES.map((state) => (
            <option key={state} value={state}>
              {STATE_WORDS[state]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Group
        <select
          value={filter.group ?? ''}
          onChange={({ currentTarget: { value } }) => onFilter({ ...filter, group: value === '' ? undefined : value })}
        >
          <option value="">any</option>
          {groups.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function Details({ host, onClose }: { readonly host: FleetHost; readonly onClose: () => void }): VNode {
  const { labels, groups, ordered, has, seen, version, error, state } = host;
  const texts = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const facts = [
    ['State', STATE_WORDS[state]],
    ['Ordered', ordered === null ? 'nothing' : `${ordered.what} by the order for ${ordered.target}`],
    ['In force', has],
    ['Heard last', seen === null ? 'never' : formatTime(seen)],
    ['Labels', texts.join(', ') || 'none'],
    ['Groups', groups.join(', ') || 'none'],
    ['xdpol', version ?? '-'],
  ] as const;
  return (
    <section aria-label={`Host ${host.host}`}>
      <div class="heading">
        <h3>{host.host}</h3>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {error !== null && (
        <p class="notice bad">
          <strong>{error.code}</strong>: {error.message}
        </p>
      )}
    </section>
  );
}

interface HostTableProps {
  readonly hosts: readonly FleetHost[];
  readonly chosen: string | undefined;
  readonly onChoose: (host: string) => void;
}

function HostTable({ hosts, chosen, onChoose }: HostTableProps): VNode {
  return (
    <VirtualTable
      label="Hosts of the fleet"
      head={['Host', 'State', 'Ordered', 'In force', 'Heard', 'It says']}
      rows={hosts}
      cells={({ host, state, ordered, has, seen, error }) => [
        <button type="button" class="link" aria-pressed={host === chosen} onClick={() => onChoose(host)}>
          {host}
        </button>,
        <span class={kindOfState(state)}>{STATE_WORDS[state]}</span>,
        ordered === null ? '-' : `${ordered.what} (${ordered.target})`,
        has,
        seen === null ? 'never' : formatAge(seen, Date.now()),
        <span title={error?.message ?? ''}>{error?.message ?? ''}</span>,
      ]}
      keyOf={({ host }) => host}
    />
  );
}

export interface HostsProps extends FiltersProps {
  /** Another number where the hosts may stand otherwise. */
  readonly version: number;
}

export function Hosts({ filter, groups, version, onFilter }: HostsProps): VNode {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const fields = Object.entries(filter).filter((field): field is [string, string] => field[1] !== undefined);
  const query = new URLSearchParams([
    ...Object.entries({ page: String(page), limit: String(LIMIT), search }),
    ...fields,
  ]).toString();
  const { value, error, isOld } = useAnswer(
    `${version} ${query}`,
    (signal) => read<FleetHostPage>(`${FLEET_ROUTES.hosts.path}?${query}`, signal),
    SHORT_PAUSE,
  );
  const isPast = value !== undefined && !isOld && value.hosts.length === 0 && page > 1;
  useEffect(() => {
    if (isPast) setPage(1);
  }, [isPast]);
  useEffect(() => setPage(1), [filter]);
  const shown = value?.hosts.find(({ host }) => host === chosen);
  return (
    <section aria-label="Hosts">
      <h2>Hosts</h2>
      <Filters filter={filter} groups={groups} onFilter={onFilter} />
      {error !== undefined && <ErrorBox error={error} />}
      {value === undefined && error === undefined && <p class="loading">Reading the hosts…</p>}
      {value !== undefined && (
        <>
          <PagedSearch
            label="hosts"
            placeholder="Names, labels, policies, errors"
            search={search}
            onSearch={setSearch}
            found={value.found}
            total={value.total}
            page={page}
            limit={LIMIT}
            onPage={setPage}
          />
          {value.found === 0 ? (
            <p class="empty">No host is like that.</p>
          ) : (
            <HostTable hosts={value.hosts} chosen={chosen} onChoose={setChosen} />
          )}
          {shown !== undefined && <Details host={shown} onClose={() => setChosen(undefined)} />}
        </>
      )}
    </section>
  );
}
