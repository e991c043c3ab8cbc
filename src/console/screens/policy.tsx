/** One stored policy: its versions, and the text of each. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { WireStored } from '../../api/wire.ts';
import type { PolicyHistory } from '../../host/stored-policies.ts';
import { policyPath, read } from '../api.ts';
import { formatTime } from '../format.ts';
import { AssignDialog } from '../parts/assign-dialog.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import type { ScreenProps } from '../shell.tsx';

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
      <h1>{name}</h1>
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
