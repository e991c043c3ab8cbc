/** What would make attaching fail or filtering leak, with what mends it. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DoctorFinding, DoctorOutcome } from '../../host/doctor/diagnose.ts';
import { change, read } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import type { ScreenProps } from '../shell.tsx';

function Finding({ finding }: { readonly finding: DoctorFinding }): VNode | null {
  const { severity, what, why, advice, remedy, outcome, interface: place } = finding;
  const kind = severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : '';
  return (
    <li class={`notice ${kind}`}>
      <p>
        <strong>
          {severity}
          {place === undefined ? '' : ` on ${place}`}
        </strong>
        : {what}
      </p>
      <p class="help">{why}</p>
      {advice !== undefined && <p>{advice}</p>}
      {remedy !== undefined && (
        <p>
          On the host: <code>{remedy.command.join(' ')}</code>
        </p>
      )}
      {outcome !== undefined && <p>{outcome.mended ? 'Mended.' : `Not mended: ${outcome.reason}`}</p>}
    </li>
  );
}

export function Doctor({ mayChange }: ScreenProps): VNode | null {
  const [outcome, setOutcome] = useState<DoctorOutcome | undefined>(undefined);
  const action = useAction();
  const look = (): void => action.run(async () => setOutcome(await read<DoctorOutcome>('/v1/doctor')));
  const mend = (): void =>
    action.run(async () => setOutcome(await change<DoctorOutcome>('POST', '/v1/doctor/mend', {})));
  useEffect(look, []);
  const isMendable = outcome?.findings.some(({ remedy }) => remedy?.isSafe === true) ?? false;
  return (
    <>
      <div class="heading">
        <h1>Doctor</h1>
        <div class="buttons">
          {mayChange && isMendable && (
            <button type="button" onClick={mend} disabled={action.isRunning}>
              Run the safe remedies
            </button>
          )}
          <button type="button" onClick={look} disabled={action.isRunning}>
            {action.isRunning ? 'Looking…' : 'Look again'}
          </button>
        </div>
      </div>
      {action.error !== undefined && <ErrorBox error={action.error} />}
      {outcome !== undefined && (
        <>
          <p class="help">
            {outcome.checks} checks, of the host and of{' '}
            {outcome.interfaces.length === 0 ? 'no interface' : outcome.interfaces.join(', ')}
          </p>
          {outcome.findings.length === 0 ? (
            <p class="empty">Nothing was found.</p>
          ) : (
            <ul class="findings">
              {outcome.findings.map((finding, i) => (
                <Finding key={i} finding={finding} />
              ))}
            </ul>
          )}
        </>
      )}
    </>
  );
}
