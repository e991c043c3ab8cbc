/** The stored policies: which is assigned, and what can be done with each. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ListedPolicy } from '../../host/stored-policies.ts';
import { change, policyPath } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { AssignDialog } from '../parts/assign-dialog.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import { formatAge, formatTime } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';

type Question = { readonly kind: 'assign' | 'unassign' | 'delete'; readonly policy: ListedPolicy };

interface AnswerProps {
  readonly name: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function UnassignDialog({ name, onDone, onClose }: AnswerProps): VNode | null {
  const action = useAction();
  const unassign = (): void =>
    action.run(async () => {
      await change('POST', '/v1/unassign');
      onDone();
    });
  return (
    <Dialog title={`Unassign ${name}`} verb="Unassign" isDangerous action={action} onDo={unassign} onClose={onClose}>
      <p>Filtering ends on every interface: from then on every packet passes. The policy stays stored.</p>
    </Dialog>
  );
}

function DeleteDialog({ name, onDone, onClose }: AnswerProps): VNode | null {
  const action = useAction();
  const remove = (): void =>
    action.run(async () => {
      await change('DELETE', policyPath(name));
      onDone();
    });
  return (
    <Dialog title={`Delete ${name}`} verb="Delete" isDangerous action={action} onDo={remove} onClose={onClose}>
      <p>The policy goes with all its versions, filter lists and set files. This cannot be taken back.</p>
    </Dialog>
  );
}

interface RowProps {
  readonly policy: ListedPolicy;
  readonly mayChange: boolean;
  readonly onAsk: (kind: Question['kind']) => void;
}

function PolicyRow({ policy, mayChange, onAsk }: RowProps): VNode | null {
  const { name, version, who, at, assigned } = policy;
  return (
    <tr>
      <th scope="row" class="name">
        <a href={`#/policies/${encodeURIComponent(name)}`}>{name}</a>
      </th>
      <td class="number">{version ?? '—'}</td>
      <td class="name">{who ?? '—'}</td>
      <td class="nowrap">{at === null ? '—' : <span title={formatTime(at)}>{formatAge(at, Date.now())}</span>}</td>
      <td class="nowrap">{assigned === null ? 'no' : <span class="mark">version {assigned}</span>}</td>
      {mayChange && (
        <td>
          <div class="buttons">
            {version !== null && (
              <button type="button" onClick={() => onAsk('assign')}>
                Assign…
              </button>
            )}
            {assigned !== null && (
              <button type="button" onClick={() => onAsk('unassign')}>
                Unassign…
              </button>
            )}
            {assigned === null && (
              <button type="button" class="quiet" onClick={() => onAsk('delete')}>
                Delete…
              </button>
            )}
          </div>
        </td>
      )}
    </tr>
  );
}

export function Policies({ snapshot, mayChange, onChanged }: ScreenProps): VNode | null {
  const [question, setQuestion] = useState<Question | undefined>(undefined);
  const { policies: list } = snapshot;
  if (list === undefined) return <p class="loading">Reading the policies…</p>;
  const close = (): void => setQuestion(undefined);
  const done = (): void => {
    close();
    onChanged();
  };
  const asked = question?.policy;
  const answer = { name: asked?.name ?? '', onDone: done, onClose: close };
  return (
    <>
      <div class="heading">
        <h1>Policies</h1>
        {mayChange && (
          <a class="button primary" href="#/edit">
            New policy
          </a>
        )}
      </div>
      {list.setAside.length > 0 && (
        <p class="notice warn">These were damaged and are set aside: {list.setAside.join(', ')}</p>
      )}
      {list.policies.length === 0 ? (
        <div class="empty">
          <p>
            <strong>No policy is stored.</strong>
          </p>
          <p>
            {mayChange && 'Write one with New policy above, or store'}
            {!mayChange && 'Store'} one on the host: <code>xdpol apply POLICY -i eth0</code>
          </p>
        </div>
      ) : (
        <ScrollFrame label="Policies">
          <table>
            <thead>
              <tr>
                <th>Policy</th>
                <th class="number">Version</th>
                <th>Stored by</th>
                <th>Stored</th>
                <th>Assigned</th>
                {mayChange && <th>Actions</th>}
              </tr>
            </thead>
            <tbody>
              {list.policies.map((policy) => (
                <PolicyRow
                  key={policy.name}
                  policy={policy}
                  mayChange={mayChange}
                  onAsk={(kind) => setQuestion({ kind, policy })}
                />
              ))}
            </tbody>
          </table>
        </ScrollFrame>
      )}
      {question?.kind === 'assign' && asked?.version != null && (
        <AssignDialog {...answer} version={asked.version} snapshot={snapshot} />
      )}
      {question?.kind === 'unassign' && <UnassignDialog {...answer} />}
      {question?.kind === 'delete' && <DeleteDialog {...answer} />}
    </>
  );
}
