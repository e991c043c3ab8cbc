/** Why a packet passes or is dropped. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ExplainOutcome } from '../../host/explain-packet.ts';
import type { ExplainedCandidate } from '../../policy/explain.ts';
import { question } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import type { ScreenProps } from '../shell.tsx';

const EXAMPLE = 'tcp 203.0.113.9:40000 -> 192.0.2.1:443';

function Candidates({ candidates }: { readonly candidates: readonly ExplainedCandidate[] }): VNode | null {
  return (
    <ScrollFrame label="Filters that match, the most specific first">
      <table>
        <thead>
          <tr>
            <th class="number">Place</th>
            <th>Rule</th>
            <th>Filter</th>
            <th>Action</th>
            <th>Why it comes here</th>
          </tr>
        </thead>
        <tbody>
          {candidates.map(({ rule, filter, action, mirrored, behindBy }, i) => (
            <tr key={i} class={i === 0 ? 'chosen' : ''}>
              <td class="number">{i + 1}</td>
              <th scope="row" class="name">
                {rule}
              </th>
              <td class="name">
                <code>{filter}</code>
                {mirrored && ' (its mirror)'}
              </td>
              <td class={action === 'permit' ? 'pass' : 'drop'}>{action}</td>
              <td>{behindBy === null ? 'the most specific' : `less specific: ${behindBy}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollFrame>
  );
}

function Answer({ outcome }: { readonly outcome: ExplainOutcome }): VNode | null {
  const { policy, packet, explanation, notes } = outcome;
  const { verdict, by, rule, reason, decidedBy, candidates } = explanation;
  const decider = by === 'rule' ? `rule ${rule}` : by === 'default' ? `the default of ${policy}` : `${by}: ${reason}`;
  return (
    <section aria-label="Answer">
      <dl class="facts">
        <div>
          <dt>Packet</dt>
          <dd>
            <code>{packet}</code>
          </dd>
        </div>
        <div>
          <dt>Verdict</dt>
          <dd class={verdict}>{verdict}</dd>
        </div>
        <div>
          <dt>Decided by</dt>
          <dd>{decider}</dd>
        </div>
        {decidedBy !== null && (
          <div>
            <dt>Key that decided</dt>
            <dd>{decidedBy}</dd>
          </div>
        )}
      </dl>
      {notes.map((note) => (
        <p key={note} class="notice warn">
          {note}
        </p>
      ))}
      {by === 'exemption' && <p class="help">It passes before any filter is asked.</p>}
      {candidates.length === 0 ? <p class="empty">No filter matches it.</p> : <Candidates candidates={candidates} />}
    </section>
  );
}

export interface ExplainProps extends ScreenProps {
  /** Explained at once. */
  readonly packet: string | undefined;
}

export function Explain({ snapshot, packet: given }: ExplainProps): VNode | null {
  const [packet, setPacket] = useState(given ?? '');
  const [policy, setPolicy] = useState('');
  const [outcome, setOutcome] = useState<ExplainOutcome | undefined>(undefined);
  const action = useAction();
  const stored = snapshot.policies?.policies ?? [];
  const ask = (): void =>
    action.run(async () => {
      setOutcome(undefined);
      const input = policy === '' ? {} : { input: { stored: policy } };
      setOutcome(await question<ExplainOutcome>('/v1/explain', { packet, ...input }));
    });
  useEffect(() => {
    if (given !== undefined) ask();
  }, []);
  return (
    <>
      <h1>Explain</h1>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <label class="wide">
          Packet
          <input
            value={packet}
            required
            placeholder={EXAMPLE}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setPacket(event.currentTarget.value)}
          />
        </label>
        <label>
          Policy
          <select value={policy} onChange={(event) => setPolicy(event.currentTarget.value)}>
            <option value="">what is in force</option>
            {stored.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary" disabled={action.isRunning}>
          Explain
        </button>
      </form>
      <p class="help">
        Write it as the packet is seen, with <code>on eth0</code> or <code>established</code> behind it where that
        matters: <code>icmp 10.0.0.1 -&gt; 192.0.2.1 type 8</code>,{' '}
        <code>udp [2001:db8::1]:53 -&gt; [2001:db8::2]:4000</code>
      </p>
      {action.error !== undefined && <ErrorBox error={action.error} />}
      {outcome !== undefined && <Answer outcome={outcome} />}
    </>
  );
}
