/** The audit log: who changed what, and what came of it. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ChangeRecords, PolicyAt } from '../../store/store.ts';
import { read } from '../api.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatTime } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';

function versionOf(at: PolicyAt | null): string {
  return at === null ? 'none' : `${at.policy}@${at.version ?? '—'}`;
}

export function Changes({ snapshot }: ScreenProps): VNode | null {
  const [records, setRecords] = useState<ChangeRecords | undefined>(undefined);
  const [error, setError] = useState<Error | undefined>(undefined);
  const { status } = snapshot;
  useEffect(() => {
    read<ChangeRecords>('/v1/changes').then(setRecords, setError);
  }, [status?.generation, status?.assigned?.version, status?.pending === null]);
  if (error !== undefined) return <ErrorBox error={error} />;
  if (records === undefined) return <p class="loading">Reading the log of changes…</p>;
  const newest = records.changes.toReversed();
  return (
    <>
      <h1>Changes</h1>
      {records.damaged > 0 && <p class="notice warn">{records.damaged} records of the log cannot be read.</p>}
      {newest.length === 0 ? (
        <p class="empty">Nothing was changed yet.</p>
      ) : (
        <VirtualTable
          label="Changes, the newest first"
          head={['At', 'Who', 'Did', 'Before', 'After', 'Result']}
          rows={newest}
          cells={({ at, who, verb, from, to, result, message }) => [
            formatTime(at),
            who,
            verb,
            versionOf(from),
            versionOf(to),
            result === 'ok' ? 'ok' : `${result}: ${message ?? ''}`,
          ]}
          keyOf={(_, i) => String(newest.length - i)}
          searchIn={({ who, verb, from, to, result }) => `${who} ${verb} ${versionOf(from)} ${versionOf(to)} ${result}`}
        />
      )}
    </>
  );
}
