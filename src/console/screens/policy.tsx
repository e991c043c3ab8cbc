/** One stored policy: its rules, its versions, and the text of each. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { WireStored } from '../../api/wire.ts';
import type { DiffOutcome } from '../../host/diff-policies.ts';
import type { PolicyHistory } from '../../host/stored-policies.ts';
import { policyPath, question, read } from '../api.ts';
import { keepDraft } from '../drafts.ts';
import { AssignDialog } from '../parts/assign-dialog.tsx';
import { ChangedPackets } from '../parts/changed-packets.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { PolicyRules } from '../parts/policy-rules.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import { TextDifference } from '../parts/text-difference.tsx';
import { formatCount, formatTime } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';

/** Characters of a text that are shown; more slow the page down. */
const SHOWN_TEXT = 100_000;

interface Shown {
  readonly history: PolicyHistory;
  readonly stored: WireStored;
}

/** Read again where the newest version or the assignment changes. */
function useVersion(name: string, version: number | undefined, cause: string): Shown | Error | undefined {
  const [shown, setShown] = useState<Shown | Error | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    const path = `${policyPath(name)}/versions`;
    Promise.all([read<PolicyHistory>(path), read<WireStored>(`${path}/${version ?? 'newest'}`)]).then(
      ([history, stored]) => isCurrent && setShown({ history, stored }),
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
  const [isWanted, setWanted] = useState(text.length <= SHOWN_TEXT);
  useEffect(() => {
    setFound(undefined);
    if (earlier === undefined || !isWanted) return;
    const [from, to] = [earlier, version].map((one) => ({ stored: name, version: one }));
    Promise.all([
      question<DiffOutcome>('/v1/diff', { from, to }),
      read<WireStored>(`${policyPath(name)}/versions/${earlier}`),
    ]).then(([diff, stored]) => setFound({ diff, before: stored.text }), setFound);
  }, [name, version, earlier, isWanted]);
  if (earlier === undefined) return null;
  if (!isWanted)
    return (
      <p>
        <button type="button" onClick={() => setWanted(true)}>
          Compare with version {earlier}
        </button>{' '}
        <span class="help">The policy is long: this takes the host a while.</span>
      </p>
    );
  if (found === undefined) return <p class="loading">Comparing with version {earlier}…</p>;
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

/** As it was written; of a long one the beginning. */
function PolicyTextOf({ stored }: { readonly stored: WireStored }): VNode {
  const isLong = stored.text.length > SHOWN_TEXT;
  const text = isLong ? stored.text.slice(0, stored.text.lastIndexOf('\n', SHOWN_TEXT) + 1) : stored.text;
  return (
    <>
      {isLong && (
        <p class="help">
          The beginning of {formatCount(Math.round(stored.text.length / 1000))} kB: Export has all of it.
        </p>
      )}
      <ScrollFrame label={`Text of version ${stored.version}`}>
        <pre>{text}</pre>
      </ScrollFrame>
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
      <PolicyRules
        key={stored.version}
        name={name}
        version={stored.version}
        isInForce={snapshot.status?.policy === name}
      />
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
      <SinceLast key={stored.version} name={name} shown={shown} />
      <PolicyTextOf stored={stored} />
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
