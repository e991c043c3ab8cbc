/** The last page of the wizard: what the rule does, before it is in the text. */
import type { VNode } from 'preact';
import type { EditOutcome } from '../../../host/edit-policy.ts';
import { ChangedPackets } from '../../parts/changed-packets.tsx';
import type { Answer } from '../../parts/debounced.ts';
import { ErrorBox } from '../../parts/error-box.tsx';
import { Findings } from '../../parts/findings.tsx';
import { TextDifference } from '../../parts/text-difference.tsx';
import type { TypedFilter, TypedRule } from './rule.ts';
import { mirrorOf, sayFilter, sayMirror } from './rule.ts';

export interface ReviewProps {
  readonly rule: TypedRule;
  readonly filters: readonly TypedFilter[];
  readonly edited: Answer<EditOutcome>;
  /** The text without the rule. */
  readonly before: string;
}

export function Review({ rule, filters, edited, before }: ReviewProps): VNode | null {
  const { value, error, isOld } = edited;
  return (
    <>
      <ul>
        {filters.map((filter, i) => (
          <li key={i}>
            {rule.action === 'permit' ? 'Permit' : 'Block'} {sayFilter(filter)}.{' '}
            <span class="help">{sayMirror(mirrorOf(filter), filter, rule.action)}</span>
          </li>
        ))}
      </ul>
      {error !== undefined && <ErrorBox error={error} />}
      {value === undefined || isOld ? (
        error === undefined && <p class="loading">Checking…</p>
      ) : (
        <>
          {value.replaced && <p class="notice warn">A rule of this name is there. It is replaced.</p>}
          <h3>Lines that change</h3>
          <TextDifference label="Lines that change" before={before} after={value.text} />
          <h3>Packets whose verdict changes</h3>
          {value.packets === null ? (
            <p class="help">The policy has errors, so they cannot be told.</p>
          ) : (
            <ChangedPackets packets={value.packets} />
          )}
          {value.checked.diagnostics.length > 0 && <h3>Findings</h3>}
          <Findings outcome={value.checked} />
        </>
      )}
    </>
  );
}
