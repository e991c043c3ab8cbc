/** A policy for hosts of the fleet, ring by ring: one that is published, or a file. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type {
  FleetDone,
  FleetGroup,
  FleetPolicies,
  FleetPreview,
  FleetPublished,
  FleetRolloutRequest,
} from '../../api/fleet-console.ts';
import { FLEET_ROUTES } from '../../api/fleet-console-routes.ts';
import { change, read } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { useAnswer } from '../parts/debounced.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { formatCount, formatTime } from '../readable-values.ts';
import { filesOf } from './policy-files.ts';
import type { AnswerProps } from './questions.tsx';
import { askPreview, countHosts } from './questions.tsx';

const FILE = 'a file';
const ONE_HOST = 'one host';

interface Gates {
  readonly rings: string;
  readonly hold: number;
  readonly patience: number;
  readonly silent: number;
  readonly drops: number;
}

/** Those of the command. */
const USUAL_GATES: Gates = { rings: '1, 1%, 10%, all', hold: 60, patience: 600, silent: 0, drops: 100 };

const NUMBERS = [
  ['hold', 'Watch each ring, seconds'],
  ['patience', 'Wait for its hosts, seconds'],
  ['silent', 'Hosts that may be silent'],
  ['drops', 'New drops a second, at most'],
] as const;

function GateFields({ gates, onChange }: { readonly gates: Gates; readonly onChange: (gates: Gates) => void }): VNode {
  return (
    <>
      <label>
        Rings: how many hosts each reaches in all
        <input
          value={gates.rings}
          required
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => onChange({ ...gates, rings: currentTarget.value })}
        />
      </label>
      <div class="pair">
        {NUMBERS.map(([name, label]) => (
          <label key={name}>
            {label}
            <input
              type="number"
              min={0}
              max={999_999}
              step={1}
              required
              value={String(gates[name])}
              onInput={({ currentTarget }) => onChange({ ...gates, [name]: Math.trunc(Number(currentTarget.value)) })}
            />
          </label>
        ))}
      </div>
    </>
  );
}

interface TargetProps {
  readonly groups: readonly FleetGroup[];
  readonly kind: string;
  readonly host: string;
  readonly onKind: (kind: string) => void;
  readonly onHost: (host: string) => void;
}

function TargetFields({ groups, kind, host, onKind, onHost }: TargetProps): VNode {
  return (
    <>
      <label>
        For
        <select value={kind} onChange={({ currentTarget }) => onKind(currentTarget.value)}>
          {groups.map(({ name, hosts }) => (
            <option key={name} value={`group/${name}`}>
              group {name}, {countHosts(hosts)}
            </option>
          ))}
          <option value="fleet">the whole fleet</option>
          <option value={ONE_HOST}>one host</option>
        </select>
      </label>
      {kind === ONE_HOST && (
        <label>
          Name of the host
          <input
            value={host}
            required
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => onHost(currentTarget.value.trim())}
          />
        </label>
      )}
    </>
  );
}

interface Chosen {
  readonly policy: string;
  readonly version: number;
}

interface FileFieldProps {
  readonly label: string;
  readonly isRequired?: boolean;
  readonly isMany?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

function FileField({ label, isRequired = false, isMany = false, onFiles }: FileFieldProps): VNode {
  return (
    <label>
      {label}
      <input
        type="file"
        required={isRequired}
        multiple={isMany}
        // A file that was corrected can be chosen again: browsers say nothing where it is the one that is chosen already.
        onClick={({ currentTarget }) => {
          currentTarget.value = '';
          onFiles([]);
        }}
        onChange={({ currentTarget }) => onFiles([...(currentTarget.files ?? [])])}
      />
    </label>
  );
}

interface PolicyProps {
  readonly policies: FleetPolicies['policies'];
  readonly chosen: Chosen;
  readonly onChoose: (chosen: Chosen) => void;
  readonly onFiles: (kind: 'policy' | 'named', files: readonly File[]) => void;
}

function PolicyFields({ policies, chosen, onChoose, onFiles }: PolicyProps): VNode {
  const versions = policies.find(({ name }) => name === chosen.policy)?.versions ?? [];
  return (
    <>
      <label>
        Policy
        <select
          value={chosen.policy}
          onChange={({ currentTarget: { value } }) => {
            const newest = policies.find(({ name }) => name === value)?.versions[0]?.version ?? 0;
            onChoose({ policy: value, version: newest });
          }}
        >
          {policies.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
          <option>{FILE}</option>
        </select>
      </label>
      {chosen.policy === FILE ? (
        <>
          <FileField label="File of the policy" isRequired onFiles={(files) => onFiles('policy', files)} />
          <FileField label="Files that it names, if any" isMany onFiles={(files) => onFiles('named', files)} />
        </>
      ) : (
        <label>
          Version
          <select
            value={String(chosen.version)}
            onChange={({ currentTarget }) => onChoose({ ...chosen, version: Number(currentTarget.value) })}
          >
            {versions.map(({ version, published, by }) => (
              <option key={version} value={String(version)}>
                {version}, published {formatTime(published)} by {by}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}

/** `rings of 1, 2, 22 and 225 hosts`. */
function ringsText(rings: readonly number[]): string {
  const texts = rings.map(formatCount);
  if (texts.length < 2) return 'all of them at once';
  return `rings of ${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
}

function Reach({ preview, target }: { readonly preview: FleetPreview; readonly target: string }): VNode {
  const { hosts, rings, elsewhere, ordered } = preview;
  return (
    <p class="notice" role="status">
      {target} has {countHosts(hosts)}: {ringsText(rings)}. Ordered now: {ordered ?? 'nothing'}.
      {elsewhere > 0 && ` For ${countHosts(elsewhere)} another order counts before this one.`} A ring that is not well
      takes everything back.
    </p>
  );
}

function useChosen(policies: FleetPolicies | undefined): readonly [Chosen, (chosen: Chosen) => void] {
  const [chosen, setChosen] = useState<Chosen | undefined>(undefined);
  const [first] = policies?.policies ?? [];
  const usual = { policy: first?.name ?? FILE, version: first?.versions[0]?.version ?? 0 };
  return [chosen ?? usual, setChosen];
}

export function RollOut({
  groups,
  onDone,
  onClose,
}: AnswerProps & { readonly groups: readonly FleetGroup[] }): VNode | null {
  const [kind, setKind] = useState(groups[0] === undefined ? 'fleet' : `group/${groups[0].name}`);
  const [host, setHost] = useState('');
  const [gates, setGates] = useState(USUAL_GATES);
  const [files, setFiles] = useState<Readonly<Record<'policy' | 'named', readonly File[]>>>({ policy: [], named: [] });
  const published = useAnswer('policies', (signal) => read<FleetPolicies>(FLEET_ROUTES.policies.path, signal));
  const [chosen, setChosen] = useChosen(published.value);
  const action = useAction();
  const target = kind === ONE_HOST ? `host/${host}` : kind;
  const isNamed = target !== 'host/';
  const reach = useAnswer(isNamed ? `${target} ${gates.rings}` : undefined, (signal) =>
    askPreview({ target, rings: gates.rings }, signal),
  );
  const isCurrent = reach.value !== undefined && reach.error === undefined && !reach.isOld && isNamed;
  const hasPolicy = chosen.policy !== FILE || files.policy.length > 0;
  const rollOut = (): void =>
    action.run(async () => {
      const policy = chosen.policy === FILE ? await publish(files) : chosen;
      const request: FleetRolloutRequest = { target, ...policy, ...gates };
      await change<FleetDone>('POST', FLEET_ROUTES.rollOut.path, request);
      onDone();
    });
  const error = published.error ?? (reach.isOld ? undefined : reach.error);
  return (
    <Dialog
      title="Roll out a policy"
      verb={isCurrent ? `Roll out to ${countHosts(reach.value.hosts)}` : 'Roll out'}
      isReady={isCurrent && hasPolicy && reach.value.hosts > 0}
      isWide
      action={action}
      onDo={rollOut}
      onClose={onClose}
    >
      <TargetFields groups={groups} kind={kind} host={host} onKind={setKind} onHost={setHost} />
      <PolicyFields
        policies={published.value?.policies ?? []}
        chosen={chosen}
        onChoose={setChosen}
        onFiles={(which, list) => setFiles((old) => ({ ...old, [which]: list }))}
      />
      <GateFields gates={gates} onChange={setGates} />
      {error !== undefined && <ErrorBox error={error} />}
      {isCurrent && <Reach preview={reach.value} target={target} />}
    </Dialog>
  );
}

async function publish({
  policy: [file],
  named,
}: Readonly<Record<'policy' | 'named', readonly File[]>>): Promise<Chosen> {
  if (file === undefined) throw new Error('choose the file of a policy');
  const text = { file: file.name, text: await file.text(), files: await filesOf(named) };
  const { name, version } = await change<FleetPublished>('POST', FLEET_ROUTES.publish.path, text);
  return { policy: name, version };
}
