/** A change that waits to be confirmed, with the time it has. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PendingChange } from '../../host/pending-change.ts';
import { change } from '../api.ts';
import type { Snapshot } from '../host-feed.ts';
import { formatCountdown } from '../readable-values.ts';
import { useAction } from './action.ts';
import { ErrorBox } from './error-box.tsx';

/** Seconds left now, counted from the moment the agent said how many there were. */
function useSecondsLeft({ secondsLeft }: PendingChange, at: number): number {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 250);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, secondsLeft - (Date.now() - at) / 1000);
}

interface PendingProps {
  readonly mayDecide: boolean;
  readonly onChanged: () => void;
}

function Waiting({
  pending,
  at,
  mayDecide,
  onChanged,
}: PendingProps & { pending: PendingChange; at: number }): VNode | null {
  const left = useSecondsLeft(pending, at);
  const { isRunning, error, run } = useAction();
  const decide = (path: string): void =>
    run(async () => {
      await change('POST', path);
      onChanged();
    });
  const { policy, version, interfaces, previous } = pending;
  const back = previous === null ? 'no policy is in force' : `${previous.policy} decides again`;
  return (
    <section class="pending" aria-label="Change that waits to be confirmed">
      <div class="pending-text">
        <strong>
          {policy}, version {version}, waits to be confirmed
        </strong>{' '}
        on {interfaces.join(', ')}. Without a confirmation {back} in{' '}
        <span class="countdown" role="timer">
          {formatCountdown(left)}
        </span>
        .
      </div>
      {mayDecide && (
        <div class="buttons">
          <button type="button" class="primary" disabled={isRunning} onClick={() => decide('/v1/confirm')}>
            Keep
          </button>
          <button type="button" disabled={isRunning} onClick={() => decide('/v1/rollback')}>
            Go back
          </button>
        </div>
      )}
      {error !== undefined && <ErrorBox error={error} />}
    </section>
  );
}

export function PendingBar({ snapshot, ...props }: PendingProps & { readonly snapshot: Snapshot }): VNode | null {
  const pending = snapshot.status?.pending ?? null;
  return pending === null ? null : <Waiting pending={pending} at={snapshot.at} {...props} />;
}
