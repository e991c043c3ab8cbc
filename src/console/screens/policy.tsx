/** One stored policy: its rules, its versions, and the text of each. */
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { WireStored } from '../../api/wire.ts';
import type { DiffOutcome } from '../../host/diff-policies.ts';
import type { OutlineOutcome } from '../../host/outline-policy.ts';
import type { PolicyHistory } from '../../host/stored-policies.ts';
import { policyPath, question, read } from '../api.ts';
import { keepDraft } from '../drafts.ts';
import { AssignDialog } from '../parts/assign-dialog.tsx';
import { ChangedPackets } from '../parts/changed-packets.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { PolicyRules } from '../parts/policy-rules.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import { TextDifference } from '../parts/text-difference.tsx';
import { rowsOf } from '../rates.ts';
import { formatCount, formatTime } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';

interface Shown {
  readonly history: PolicyHistory;
  readonly stored: WireStored;
  readonly outline: OutlineOutcome;
}

/** Read again where the newest version or the assignment changes. */
function useVersion(name: string, version: number | undefined, cause: string): Shown | Error | undefined {
  const [shown, setShown] = useState<Shown | Error | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    const path = `${policyPath(name)}/versions`;
    const input = { stored: name, ...(version === undefined ? {} : { version }) };
    Promise.all([
      read<PolicyHistory>(path),
      read<WireStored>(`${path}/${version ?? 'newest'}`),
      question<OutlineOutcome>('/v1/outline', { input }),
    ]).then(
      ([history, stored, outline]) => isCurrent && setShown({ history, stored, outline }),
      (error: Error) => isCurrent && setShown(error),
    );
    return () => {
      isCurrent = false;
    };
  }, [name, version, cause]);
  return shown;
}

function saveText({ text, version }: WireStored, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}-${version}.yaml`;
  link.click();
  URL.revokeObjectURL(url);
}

interface VersionsProps {
  readonly shown: Shown;
  readonly onShow: (version: number) => void;
}

function Versions({ shown, onShow }: VersionsProps): VNode | null {
  return (
    <ScrollFrame label="Versions">
      <table>
        <thead>
          <tr>
            <th class="number">Version</th>
            <th>Stored by</th>
            <th>At</th>
            <th>Hash</th>
            <th>Assigned</th>
          </tr>
        </thead>
        <tbody>
          {shown.history.versions.toReversed().map(({ version, who, at, hash, assigned }) => (
            <tr key={version} class={version === shown.stored.version ? 'chosen' : ''}>
              <th scope="row" class="number">
                <button
                  type="button"
                  class="link"
                  aria-label={`Show version ${version}`}
                  onClick={() => onShow(version)}
                >
                  {version}
                </button>
              </th>
              <td class="name">{who}</td>
              <td class="nowrap">{formatTime(at)}</td>
              <td>
                <code title={hash}>{hash.slice(0, 12)}</code>
              </td>
              <td>{assigned ? <span class="mark">assigned</span> : 'no'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollFrame>
  );
}

/** What a version changes of the one before it. */
function SinceLast({ name, shown }: { readonly name: string; readonly shown: Shown }): VNode | null {
  const [found, setFound] = useState<{ readonly diff: DiffOutcome; readonly before: string } | Error | undefined>();
  const { version, text } = shown.stored;
  const earlier = shown.history.versions.findLast((one) => one.version < version)?.version;
  useEffect(() => {
    setFound(undefined);
    if (earlier === undefined) return;
    const [from, to] = [earlier, version].map((one) => ({ stored: name, version: one }));
    Promise.all([
      question<DiffOutcome>('/v1/diff', { from, to }),
      read<WireStored>(`${policyPath(name)}/versions/${earlier}`),
    ]).then(([diff, stored]) => setFound({ diff, before: stored.text }), setFound);
  }, [name, version, earlier]);
  if (earlier === undefined || found === undefined) return null;
  if (found instanceof Error) return <ErrorBox error={found} />;
  return (
    <section>
      <h2>Changes since version {earlier}</h2>
      <TextDifference label="Lines that change" before={found.before} after={text} />
      <h3>Packets whose verdict changes</h3>
      <ChangedPackets packets={found.diff.packets} />
    </section>
  );
}

function OutlineFacts({ outline }: { readonly outline: OutlineOutcome }): VNode | null {
  const { description, exemptions, addressSets, tests } = outline;
  const sets = addressSets.map(({ name, prefixes }) => `${name} (${formatCount(prefixes)})`);
  return (
    <>
      {description !== '' && <p>{description}</p>}
      <dl class="facts">
        <div>
          <dt>Where no filter matches</dt>
          <dd class={outline.default === 'permit' ? 'pass' : 'drop'}>{outline.default}</dd>
        </div>
        <div>
          <dt>Exemptions</dt>
          <dd>{exemptions.length === 0 ? 'none' : exemptions.join(', ')}</dd>
        </div>
        <div>
          <dt>Address sets</dt>
          <dd>{sets.length === 0 ? 'none' : sets.join(', ')}</dd>
        </div>
        <div>
          <dt>Tests</dt>
          <dd>{tests === 0 ? 'none' : tests}</dd>
        </div>
      </dl>
    </>
  );
}

/** A new policy with the text of another, under a name of its own. */
function duplicate({ text, setFiles }: WireStored, name: string): void {
  const files = Object.fromEntries(Object.entries(setFiles).map(([path, base64]) => [path, { base64 }]));
  const renamed = text.replace(/^name:.*$/mu, `name: ${JSON.stringify(`Copy of ${name}`)}`);
  keepDraft('', { text: renamed, files, base: null });
  location.hash = '#/edit';
}

export function PolicyScreen({
  name,
  snapshot,
  mayChange,
  onChanged,
}: ScreenProps & { readonly name: string }): VNode | null {
  const [version, setVersion] = useState<number | undefined>(undefined);
  const { reading, before } = snapshot;
  const rows = useMemo(() => (reading === undefined ? [] : rowsOf(reading, before)), [reading]);
  const [isAssigning, setAssigning] = useState(false);
  const listed = snapshot.policies?.policies.find((policy) => policy.name === name);
  const shown = useVersion(name, version, `${listed?.version} ${listed?.assigned}`);
  if (shown === undefined) return <p class="loading">Reading {name}…</p>;
  if (shown instanceof Error) return <ErrorBox error={shown} />;
  const { stored } = shown;
  const done = (): void => {
    setAssigning(false);
    onChanged();
  };
  return (
    <>
      <p class="crumbs">
        <a href="#/policies">Policies</a>
      </p>
      <div class="heading">
        <h1>{name}</h1>
        <div class="buttons">
          {mayChange && (
            <>
              <a class="button" href={`#/edit/${encodeURIComponent(name)}`}>
                Edit
              </a>
              <button type="button" onClick={() => duplicate(stored, name)}>
                Duplicate
              </button>
            </>
          )}
        </div>
      </div>
      <OutlineFacts outline={shown.outline} />
      <h2>Rules</h2>
      <PolicyRules outline={shown.outline} rows={rows} />
      <div class="heading">
        <h2>Versions</h2>
      </div>
      <Versions shown={shown} onShow={setVersion} />
      <div class="heading">
        <h2>Version {stored.version}</h2>
        <div class="buttons">
          {mayChange && (
            <button type="button" class="primary" onClick={() => setAssigning(true)}>
              Assign…
            </button>
          )}
          <button type="button" onClick={() => saveText(stored, name)}>
            Export
          </button>
        </div>
      </div>
      <SinceLast name={name} shown={shown} />
      <ScrollFrame label={`Text of version ${stored.version}`}>
        <pre>{stored.text}</pre>
      </ScrollFrame>
      {isAssigning && (
        <AssignDialog
          name={name}
          version={stored.version}
          snapshot={snapshot}
          onDone={done}
          onClose={() => setAssigning(false)}
        />
      )}
    </>
  );
}
