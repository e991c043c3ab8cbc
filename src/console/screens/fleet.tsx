/** The fleet as this host knows it: whose orders it takes, and whether they are in force. */
import type { VNode } from 'preact';
import type { FleetStanding } from '../../api/fleet-standing.ts';
import { formatAge, formatTime } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';

/** In words of `xdpol fleet status`. */
function stateOf({ target, isInSync, isRolledBack, isDrifted }: FleetStanding): string {
  if (target === null) return 'no order applies to this host';
  if (isRolledBack) return 'rolled back';
  if (isDrifted) return 'drifted';
  return isInSync === true ? 'in sync' : 'pending';
}

function kindOf({ isInSync, isRolledBack, isDrifted }: FleetStanding): string {
  if (isRolledBack || isDrifted) return 'drop';
  return isInSync === true ? 'pass' : '';
}

function Fact({
  name,
  value,
  kind = '',
}: {
  readonly name: string;
  readonly value: string;
  readonly kind?: string;
}): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={kind}>{value}</dd>
    </div>
  );
}

function Standing({
  standing,
  since,
}: {
  readonly standing: FleetStanding;
  readonly since: string | undefined;
}): VNode {
  const { fronts, front, lastContact, target, isDrifted, isRolledBack, policy, error } = standing;
  return (
    <>
      <dl class="facts">
        <Fact name="State" value={stateOf(standing)} kind={kindOf(standing)} />
        <Fact name="Order for" value={target ?? 'none'} />
        <Fact name="Last order carried out" value={policy ?? 'none'} />
        {since !== undefined && <Fact name="Assigned since" value={formatTime(since)} />}
        <Fact name="Orders come from" value={front ?? 'no front can be reached'} kind={front === null ? 'drop' : ''} />
        <Fact name="Heard last" value={lastContact === null ? 'never' : formatAge(lastContact, Date.now())} />
      </dl>
      {isDrifted && (
        <p class="notice warn">
          What the fleet ordered was changed on this host. See <a href="#/changes">Changes</a> for who did.
        </p>
      )}
      {isRolledBack && <p class="notice warn">The last change that was ordered went back by itself.</p>}
      {error !== null && (
        <p class="notice bad" role="alert">
          <strong>{error.code}</strong>: {error.message}
        </p>
      )}
      {front === null && (
        <p class="notice warn">
          While no front can be reached what is in force stays, and the agent tries them in turn.
        </p>
      )}
      <h2>Fronts</h2>
      <ul>
        {fronts.map((name) => (
          <li key={name}>
            <code>{name}</code>
            {name === front && ' (orders come from here)'}
          </li>
        ))}
      </ul>
      <p class="help">
        Groups, rings and the other hosts are known where the fleet is directed: <code>xdpol fleet status</code> there.
      </p>
    </>
  );
}

export function Fleet({ fleet, snapshot }: ScreenProps): VNode {
  return (
    <>
      <h1>Fleet</h1>
      {fleet === undefined && <p class="loading">Reading what is known of the fleet…</p>}
      {fleet === null && <p class="empty">This host takes no orders: its configuration names no front.</p>}
      {fleet != null && <Standing standing={fleet} since={snapshot.status?.assigned?.at} />}
    </>
  );
}
