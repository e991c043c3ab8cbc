/** Live sets: their members, and adding and removing them while the policy stays. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { SetChangeOutcome, SetChangeRequest } from '../../host/live-sets/change-set.ts';
import type { ListedFeed } from '../../host/live-sets/feeds-in-use.ts';
import type { ListedSet, SetList } from '../../host/live-sets/read-sets.ts';
import { change, read } from '../api.ts';
import type { Action } from '../parts/action.ts';
import { useAction } from '../parts/action.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatAge, formatCount } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';
import { Lookup, SetMembers } from './set-members.tsx';

const HOUR = 3600;
const PERIODS = [
  { seconds: 0, label: 'no end' },
  { seconds: HOUR, label: '1 hour' },
  { seconds: 4 * HOUR, label: '4 hours' },
  { seconds: 24 * HOUR, label: '1 day' },
  { seconds: 7 * 24 * HOUR, label: '7 days' },
  { seconds: 30 * 24 * HOUR, label: '30 days' },
] as const;

function summaryOf({ added, changed, unchanged, removed }: SetChangeOutcome): string {
  const counts = [
    [added, 'added'],
    [changed, 'changed'],
    [removed, 'removed'],
    [unchanged, 'there already'],
  ] as const;
  const texts = counts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  return texts.length === 0 ? 'nothing to change' : texts.join(', ');
}

function Outcome({ outcome }: { readonly outcome: SetChangeOutcome }): VNode {
  const { refused, refusedCount, isWaiting } = outcome;
  return (
    <>
      <p role="status">{summaryOf(outcome)}</p>
      {refusedCount > 0 && (
        <div class="notice warn">
          <p>{formatCount(refusedCount)} refused:</p>
          <ul>
            {refused.map(({ address, why }) => (
              <li key={address}>
                <code>{address}</code>: {why}
              </li>
            ))}
          </ul>
        </div>
      )}
      {isWaiting && <p class="notice warn">No policy in force uses the set: its members count when one does.</p>}
    </>
  );
}

interface AddProps {
  readonly set: string;
  readonly action: Action;
  readonly onChange: (request: SetChangeRequest) => void;
}

function AddMembers({ set, action, onChange }: AddProps): VNode {
  const [addresses, setAddresses] = useState('');
  const [seconds, setSeconds] = useState<number>(4 * HOUR);
  const [note, setNote] = useState('');
  const add = (event: Event): void => {
    event.preventDefault();
    const text = addresses
      .trim()
      .split(/[\s,]+/u)
      .join('\n');
    const end = seconds === 0 ? {} : { seconds };
    onChange({
      set,
      change: 'add',
      list: { name: 'console', text: `${text}\n` },
      ...end,
      ...(note === '' ? {} : { note }),
    });
  };
  return (
    <form class="row" onSubmit={add}>
      <label class="wide">
        Addresses
        <input
          value={addresses}
          required
          placeholder="203.0.113.7 2001:db8::/64"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setAddresses(event.currentTarget.value)}
        />
      </label>
      <label>
        Until
        <select value={String(seconds)} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
          {PERIODS.map((period) => (
            <option key={period.seconds} value={String(period.seconds)}>
              {period.label}
            </option>
          ))}
        </select>
      </label>
      <label>
        Note
        <input value={note} maxLength={200} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary" disabled={action.isRunning}>
        Add
      </button>
    </form>
  );
}

/** Where the members come from, and whether they are what the source has now. */
function Feed({ feed: { source, ageSeconds, error, failures } }: { readonly feed: ListedFeed }): VNode {
  const age =
    ageSeconds === null
      ? 'not read yet'
      : formatAge(new Date(Date.now() - ageSeconds * 1000).toISOString(), Date.now());
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Members come from</dt>
          <dd>{source}</dd>
        </div>
        <div>
          <dt>They are as it was</dt>
          <dd>{age}</dd>
        </div>
        <div>
          <dt>Failures</dt>
          <dd class={failures > 0 ? 'drop' : ''}>{formatCount(failures)}</dd>
        </div>
      </dl>
      {error !== null && <p class="notice warn">The last members stay: {error}</p>}
      <p class="help">
        Add and remove addresses there. What is removed here is gone until the source has something newer.
      </p>
    </>
  );
}

function OneSet({
  listed,
  mayDecide,
  onChanged,
}: {
  readonly listed: ListedSet;
  readonly mayDecide: boolean;
  readonly onChanged: () => void;
}): VNode {
  const { set, entries, feed } = listed;
  const [changes, setChanges] = useState(0);
  const [outcome, setOutcome] = useState<SetChangeOutcome | undefined>(undefined);
  const action = useAction();
  const look = (): void => setChanges((count) => count + 1);
  const send = (request: SetChangeRequest): void =>
    action.run(async () => {
      setOutcome(undefined);
      setOutcome(await change<SetChangeOutcome>('POST', '/v1/sets', request));
      look();
      onChanged();
    });
  const upload = (file: File): void =>
    action.run(async () => {
      const list = { name: file.name, text: await file.text() };
      setOutcome(await change<SetChangeOutcome>('POST', '/v1/sets', { set, change: 'load', list }));
      look();
      onChanged();
    });
  return (
    <section aria-label={`Set ${set}`}>
      <h2>{set}</h2>
      {feed !== null && <Feed feed={feed} />}
      {mayDecide && feed === null && (
        <>
          <AddMembers set={set} action={action} onChange={send} />
          <label class="upload">
            Replace all members by those of a file{' '}
            <input
              type="file"
              disabled={action.isRunning}
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                if (file !== undefined) upload(file);
                currentTarget.value = '';
              }}
            />
          </label>
        </>
      )}
      {action.error !== undefined && <ErrorBox error={action.error} />}
      {outcome !== undefined && <Outcome outcome={outcome} />}
      <Lookup set={set} />
      <SetMembers
        set={set}
        version={`${entries} ${changes}`}
        mayDecide={mayDecide}
        onRemove={({ prefix }) => send({ set, change: 'remove', list: { name: 'console', text: `${prefix}\n` } })}
      />
    </section>
  );
}

export function Sets({ mayDecide }: ScreenProps): VNode | null {
  const [list, setList] = useState<SetList | undefined>(undefined);
  const [error, setError] = useState<Error | undefined>(undefined);
  const [shown, setShown] = useState<string | undefined>(undefined);
  const look = (): void => {
    read<SetList>('/v1/sets').then(setList, setError);
  };
  useEffect(look, []);
  if (error !== undefined) return <ErrorBox error={error} />;
  if (list === undefined) return <p class="loading">Reading the sets…</p>;
  const current = list.sets.find(({ set }) => set === shown) ?? list.sets[0];
  return (
    <>
      <h1>Sets</h1>
      {current === undefined ? (
        <p class="empty">
          The policy in force has no live set. Declare one with <code>live: true</code> under <code>addressSets</code>.
        </p>
      ) : (
        <>
          <VirtualTable
            label="Live sets"
            head={['Set', 'Members', 'Capacity', 'Added', 'Ended', 'Refused']}
            rows={list.sets}
            cells={({ set, entries, capacity, counts }) => [
              <button type="button" class="link" aria-pressed={set === current.set} onClick={() => setShown(set)}>
                {set}
              </button>,
              formatCount(entries),
              formatCount(capacity),
              formatCount(counts.adds),
              formatCount(counts.expired),
              formatCount(Object.values(counts.refused).reduce((sum, count) => sum + count, 0)),
            ]}
            keyOf={({ set }) => set}
            searchIn={({ set }) => set}
            numbers={[1, 2, 3, 4, 5]}
          />
          <OneSet key={current.set} listed={current} mayDecide={mayDecide} onChanged={look} />
        </>
      )}
    </>
  );
}
