/** The whole fleet: totals, rollouts, groups, hosts, and who changed it last. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { FleetHostState, FleetSummary } from '../../api/fleet-console.ts';
import { FLEET_HOST_STATES } from '../../api/fleet-console.ts';
import { formatCount } from '../readable-values.ts';
import { Changes } from './changes.tsx';
import { Groups } from './groups.tsx';
import { kindOfState, STATE_WORDS } from './host-states.ts';
import { Hosts } from './hosts.tsx';
import type { Question } from './questions.tsx';
import { QuestionDialog } from './questions.tsx';
import { Rollouts } from './rollouts.tsx';

/** Which hosts are listed; undefined: whatever it is. */
export interface HostFilter {
  readonly state: FleetHostState | undefined;
  readonly group: string | undefined;
}

interface TotalsProps {
  readonly summary: FleetSummary;
  readonly filter: HostFilter;
  readonly onFilter: (filter: HostFilter) => void;
}

/** Hosts by state: each lists the hosts of the state, and all of them again where it was pressed. */
function Totals({ summary, filter, onFilter }: TotalsProps): VNode {
  return (
    <ul class="facts totals" aria-label="Hosts by state">
      <li>
        <button
          type="button"
          aria-pressed={filter.state === undefined}
          onClick={() => onFilter({ ...filter, state: undefined })}
        >
          <strong>{formatCount(summary.total)}</strong> {summary.total === 1 ? 'host' : 'hosts'}
        </button>
      </li>
      {FLEET_HOST_STATES.filter((state) => summary.states[state] > 0 || filter.state === state).map((state) => (
        <li key={state}>
          <button
            type="button"
            aria-pressed={filter.state === state}
            onClick={() => onFilter({ ...filter, state: filter.state === state ? undefined : state })}
          >
            <strong class={kindOfState(state)}>{formatCount(summary.states[state])}</strong> {STATE_WORDS[state]}
          </button>
        </li>
      ))}
    </ul>
  );
}

export interface FleetScreenProps {
  readonly summary: FleetSummary;
  /** Another number where the fleet may stand otherwise. */
  readonly version: number;
  readonly mayChange: boolean;
  readonly onChanged: () => void;
}

export function FleetScreen({ summary, version, mayChange, onChanged }: FleetScreenProps): VNode {
  const [filter, setFilter] = useState<HostFilter>({ state: undefined, group: undefined });
  const [asked, setAsked] = useState<Question | undefined>(undefined);
  const { unsigned, rollouts, groups } = summary;
  const rights = { mayChange, maySign: unsigned === null };
  return (
    <>
      {summary.total === 0 && (
        <p class="empty">
          The fleet has no host. Add one: <code>xdpol fleet host NAME</code>
        </p>
      )}
      <Totals summary={summary} filter={filter} onFilter={setFilter} />
      {mayChange && unsigned !== null && (
        <div class="notice warn" id="unsigned">
          <p>Nothing new can be ordered here: {unsigned.message}. Rollouts can be stopped and taken back.</p>
          {unsigned.help !== null && <p class="help">Help: {unsigned.help}</p>}
        </div>
      )}
      {!mayChange && <p class="notice">The certificate in the folder of the fleet may look, and change nothing.</p>}
      <Rollouts rollouts={rollouts} {...rights} onAsk={setAsked} />
      <Hosts filter={filter} groups={groups} version={version} onFilter={setFilter} />
      <Groups
        summary={summary}
        {...rights}
        onAsk={setAsked}
        onShow={(group) => setFilter({ state: undefined, group })}
      />
      <Changes version={version} />
      {asked !== undefined && (
        <QuestionDialog
          question={asked}
          summary={summary}
          onDone={() => {
            setAsked(undefined);
            onChanged();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}
