/** Whose verdict a change turns, each with an example. */
import type { VNode } from 'preact';
import type { DiffOutcome, ShortDecision } from '../../host/diff-policies.ts';
import { formatCount } from '../readable-values.ts';
import { ScrollFrame } from './scroll-frame.tsx';

function deciderOf({ by, rule, reason }: ShortDecision): string {
  if (by === 'rule') return rule ?? '';
  return by === 'default' ? 'the default' : (reason ?? by);
}

function Verdict({ decision }: { readonly decision: ShortDecision }): VNode | null {
  return (
    <>
      <span class={decision.verdict}>{decision.verdict}</span>, {deciderOf(decision)}
    </>
  );
}

export function ChangedPackets({ packets }: { readonly packets: DiffOutcome['packets'] }): VNode | null {
  const { tried, changes } = packets;
  if (changes.length === 0) {
    return <p class="help">No verdict changes, of {formatCount(tried)} packets at the edges of the filters.</p>;
  }
  return (
    <ScrollFrame label="Packets whose verdict changes">
      <table>
        <thead>
          <tr>
            <th>Packets such as</th>
            <th>Interface</th>
            <th>Before</th>
            <th>After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ packet, interface: place, before, after }) => (
            <tr key={`${packet} ${place}`}>
              <td>
                <code>{packet}</code>
              </td>
              <td>{place ?? 'any'}</td>
              <td>
                <Verdict decision={before} />
              </td>
              <td>
                <Verdict decision={after} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollFrame>
  );
}
