/** Rollouts: those that are not over with their rings, and the last ones that are. */
import type { VNode } from 'preact';
import type { FleetRollout } from '../../api/fleet-console.ts';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatCount, formatTime } from '../readable-values.ts';
import type { Question } from './questions.tsx';

export interface Rights {
  readonly mayChange: boolean;
  /** The signing key is there. */
  readonly maySign: boolean;
}

const STATES: Readonly<Record<FleetRollout['state'], string>> = {
  running: 'runs',
  stopped: 'stopped',
  done: 'done',
  returned: 'taken back',
};

interface OpenRolloutProps {
  readonly rollout: FleetRollout;
  readonly mayChange: boolean;
  readonly onAsk: (question: Question) => void;
}

function OpenRollout({ rollout, mayChange, onAsk }: OpenRolloutProps): VNode {
  const { id, what, target, state, reason, rings, isDriven, waitsFor } = rollout;
  const isLeft = state === 'running' && !isDriven;
  return (
    <section class="rollout" aria-label={`Rollout ${id}`}>
      <div class="heading">
        <h3>
          {what} to {target} <span class={`mark ${state === 'running' ? '' : 'drop'}`}>{STATES[state]}</span>
        </h3>
        {mayChange && (
          <div class="buttons">
            {state === 'running' && (
              <button type="button" onClick={() => onAsk({ kind: 'stop', rollout })}>
                Stop…
              </button>
            )}
            {(state === 'stopped' || isLeft) && (
              <button type="button" onClick={() => onAsk({ kind: 'resume', rollout })}>
                Go on…
              </button>
            )}
            <button type="button" class="danger" onClick={() => onAsk({ kind: 'roll-back', target })}>
              Roll back…
            </button>
          </div>
        )}
      </div>
      <ol class="rings">
        {rings.map(({ hosts, inForce, isReleased }, at) => (
          <li key={at} class={isReleased ? '' : 'waiting'}>
            <progress aria-label={`Ring ${at + 1}`} max={Math.max(1, hosts)} value={isReleased ? inForce : 0} />
            <span>
              Ring {at + 1}: {isReleased ? `${formatCount(inForce)} of ${formatCount(hosts)}` : formatCount(hosts)}{' '}
              {hosts === 1 ? 'host' : 'hosts'}
            </span>
          </li>
        ))}
      </ol>
      <p role="status">
        {reason ?? waitsFor ?? ''}
        {isLeft && (
          <>
            {' '}
            Nobody releases the next ring: the command that did has ended. Here: <em>Go on</em>.
          </>
        )}
      </p>
    </section>
  );
}

export interface RolloutsProps extends Rights {
  readonly rollouts: readonly FleetRollout[];
  readonly onAsk: (question: Question) => void;
}

export function Rollouts({ rollouts, mayChange, maySign, onAsk }: RolloutsProps): VNode {
  const isOver = ({ state }: FleetRollout): boolean => state === 'done' || state === 'returned';
  const over = rollouts.filter(isOver);
  return (
    <section aria-label="Rollouts">
      <div class="heading">
        <h2>Rollouts</h2>
        {mayChange && (
          <button
            type="button"
            class="primary"
            disabled={!maySign}
            aria-describedby={maySign ? undefined : 'unsigned'}
            onClick={() => onAsk({ kind: 'roll-out' })}
          >
            Roll out…
          </button>
        )}
      </div>
      {rollouts.length === over.length && <p class="empty">No rollout runs.</p>}
      {rollouts
        .filter((rollout) => !isOver(rollout))
        .map((rollout) => (
          <OpenRollout key={rollout.id} rollout={rollout} mayChange={mayChange} onAsk={onAsk} />
        ))}
      {over.length > 0 && (
        <VirtualTable
          label="Rollouts that are over"
          head={['Policy', 'Target', 'State', 'Last ring', 'Why']}
          rows={over}
          cells={({ what, target, state, releasedAt, reason }) => [
            what,
            target,
            <span class={state === 'done' ? 'pass' : 'drop'}>{STATES[state]}</span>,
            releasedAt === null ? '-' : formatTime(releasedAt),
            <span title={reason ?? ''}>{reason ?? ''}</span>,
          ]}
          keyOf={({ id }) => id}
        />
      )}
    </section>
  );
}
