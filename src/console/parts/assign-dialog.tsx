/** Puts a stored policy in force, by default until somebody confirms it. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { AssignedInForce } from '../../host/put-assigned.ts';
import { change } from '../api.ts';
import type { Snapshot } from '../host-feed.ts';
import { useAction } from './action.ts';
import { Dialog } from './dialog.tsx';

const CONFIRM_TIMES = [
  { seconds: 30, label: '30 seconds' },
  { seconds: 60, label: '1 minute' },
  { seconds: 300, label: '5 minutes' },
  { seconds: 600, label: '10 minutes' },
  { seconds: 0, label: 'do not ask: it stays' },
] as const;
const DEFAULT_SECONDS = 60;

/** Names apart by spaces or commas. */
export function interfaceNames(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/u).filter((name) => name !== ''))];
}

interface AssignDialogProps {
  readonly name: string;
  readonly version: number;
  readonly snapshot: Snapshot;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function ConfirmTime({
  value,
  onChange,
}: {
  readonly value: number;
  readonly onChange: (s: number) => void;
}): VNode | null {
  return (
    <label>
      Go back unless confirmed within
      <select value={String(value)} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {CONFIRM_TIMES.map(({ seconds, label }) => (
          <option key={seconds} value={String(seconds)}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

export function AssignDialog({ name, version, snapshot, onDone, onClose }: AssignDialogProps): VNode | null {
  const assigned = snapshot.status?.assigned?.interfaces ?? [];
  const [interfaces, setInterfaces] = useState(assigned.join(' '));
  const [seconds, setSeconds] = useState(DEFAULT_SECONDS);
  const action = useAction();
  const names = interfaceNames(interfaces);
  const assign = (): void =>
    action.run(async () => {
      const confirm = seconds === 0 ? {} : { confirm: seconds };
      const request = { name, version, interfaces: names, ...confirm };
      await change<AssignedInForce>('POST', '/v1/assign', request);
      onDone();
    });
  const current = snapshot.status?.policy ?? null;
  return (
    <Dialog
      title={`Assign ${name}`}
      verb="Assign"
      isReady={names.length > 0}
      action={action}
      onDo={assign}
      onClose={onClose}
    >
      <p>
        Version {version} takes effect at once, for every packet.{' '}
        {current !== null && current !== name && `It takes the place of ${current}.`}
      </p>
      <label>
        Interfaces
        <input
          value={interfaces}
          required
          placeholder="eth0 eth1"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setInterfaces(event.currentTarget.value)}
        />
      </label>
      <ConfirmTime value={seconds} onChange={setSeconds} />
      {seconds === 0 && (
        <p class="notice warn">If the policy shuts you out, nothing brings back what was in force before.</p>
      )}
    </Dialog>
  );
}
