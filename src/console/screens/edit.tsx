/** The text of a policy, checked as it is written. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { WireStored } from '../../api/wire.ts';
import type { Diagnostic } from '../../base/diagnostics.ts';
import type { CheckOutcome } from '../../host/check-policy.ts';
import type { FormatOutcome } from '../../host/format-policy.ts';
import type { StoreOutcome } from '../../host/store-policy.ts';
import { change, policyPath, question, read } from '../api.ts';
import type { Draft } from '../drafts.ts';
import { draftOf, dropDraft, inputOf, keepDraft, NEW_POLICY } from '../drafts.ts';
import { useAction } from '../parts/action.ts';
import { useAnswer } from '../parts/debounced.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { Findings } from '../parts/findings.tsx';
import { TextDifference } from '../parts/text-difference.tsx';
import type { EditorHandle } from '../parts/text-editor.tsx';
import { TextEditor } from '../parts/text-editor.tsx';
import type { ScreenProps } from '../shell.tsx';
import { RuleWizard } from './wizard/rule-wizard.tsx';

async function startDraft(name: string | undefined): Promise<Draft> {
  if (name === undefined) return { text: NEW_POLICY, files: {}, base: null };
  const { text, version, setFiles } = await read<WireStored>(`${policyPath(name)}/versions/newest`);
  const files = Object.fromEntries(Object.entries(setFiles).map(([path, base64]) => [path, { base64 }]));
  return { text, files, base: { version, text } };
}

function useDraft(name: string | undefined): {
  readonly draft: Draft | Error | undefined;
  readonly write: (text: string) => void;
} {
  const key = name ?? '';
  const [draft, setDraft] = useState<Draft | Error | undefined>(() => draftOf(key));
  useEffect(() => {
    if (draft === undefined) startDraft(name).then(setDraft, setDraft);
  }, []);
  const write = (text: string): void =>
    setDraft((old) => {
      if (old === undefined || old instanceof Error) return old;
      const changed = { ...old, text };
      keepDraft(key, changed);
      return changed;
    });
  return { draft, write };
}

function summaryOf({ policy, rules, filters, errors, warnings }: CheckOutcome): string {
  const found = errors + warnings === 0 ? 'nothing found' : `errors: ${errors}, warnings: ${warnings}`;
  return `${policy ?? 'not readable'}: rules: ${rules}, filters: ${filters}, ${found}`;
}

const NOTHING: readonly Diagnostic[] = [];

interface EditingProps {
  readonly name: string;
  readonly draft: Draft;
  readonly mayChange: boolean;
  readonly write: (text: string) => void;
  readonly onChanged: () => void;
}

function Editing({ name, draft, mayChange, write, onChanged }: EditingProps): VNode | null {
  const [isAdding, setAdding] = useState(false);
  const editor = useRef<EditorHandle | undefined>(undefined);
  const action = useAction();
  const input = inputOf(draft, name);
  const {
    value: checked,
    error,
    isOld,
  } = useAnswer(draft.text, (signal) => question<CheckOutcome>('/v1/check', { input, isBrief: true }, signal));
  const before = draft.base?.text ?? NEW_POLICY;
  const isChanged = draft.text !== before;
  const isSound = checked !== undefined && !isOld && checked.errors === 0;
  const save = (): void =>
    action.run(async () => {
      const { policy } = await change<StoreOutcome>('POST', '/v1/policies', { input });
      dropDraft(name);
      onChanged();
      location.hash = `#/policies/${encodeURIComponent(policy)}`;
    });
  const format = (): void =>
    action.run(async () =>
      editor.current?.setText((await question<FormatOutcome>('/v1/format', { text: draft.text })).text),
    );
  const drop = (): void => {
    dropDraft(name);
    location.hash = name === '' ? '#/policies' : `#/policies/${encodeURIComponent(name)}`;
  };
  return (
    <>
      <div class="heading">
        <h1>{name === '' ? 'New policy' : `Edit ${name}`}</h1>
        <div class="buttons">
          <button type="button" onClick={() => setAdding(true)}>
            Add rule…
          </button>
          <button type="button" disabled={action.isRunning} onClick={format}>
            Format
          </button>
          <button type="button" onClick={drop}>
            {isChanged ? 'Discard' : 'Close'}
          </button>
          {mayChange && (
            <button
              type="button"
              class="primary"
              disabled={!isSound || action.isRunning || (draft.base !== null && !isChanged)}
              onClick={save}
            >
              Save
            </button>
          )}
        </div>
      </div>
      <p class="help">Saving stores a new version. Nothing goes in force until it is assigned.</p>
      {action.error !== undefined && <ErrorBox error={action.error} />}
      <TextEditor
        label={`Text of ${name === '' ? 'the new policy' : name}`}
        text={draft.text}
        diagnostics={checked?.diagnostics ?? NOTHING}
        onChange={write}
        onReady={(handle) => {
          editor.current = handle;
        }}
      />
      <section aria-label="Findings" class={isOld ? 'old' : ''}>
        <p role="status">{checked === undefined ? 'Checking…' : summaryOf(checked)}</p>
        {error !== undefined && <ErrorBox error={error} />}
        {checked !== undefined && (
          <Findings outcome={checked} onGoTo={(line, column) => editor.current?.goTo(line, column)} />
        )}
      </section>
      {isChanged && draft.base !== null && (
        <section>
          <h2>Changes since version {draft.base.version}</h2>
          <TextDifference label="Lines that change" before={before} after={draft.text} />
        </section>
      )}
      {isAdding && (
        <RuleWizard input={input} onAdd={(text) => editor.current?.setText(text)} onClose={() => setAdding(false)} />
      )}
    </>
  );
}

export function Edit({
  name,
  mayChange,
  onChanged,
}: ScreenProps & { readonly name: string | undefined }): VNode | null {
  const { draft, write } = useDraft(name);
  if (draft === undefined) return <p class="loading">Reading {name}…</p>;
  if (draft instanceof Error) return <ErrorBox error={draft} />;
  return <Editing name={name ?? ''} draft={draft} mayChange={mayChange} write={write} onChanged={onChanged} />;
}
