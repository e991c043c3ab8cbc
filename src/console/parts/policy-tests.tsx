/** The tests of a policy: packets, and what is to become of each. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { CheckOutcome } from '../../host/check-policy.ts';
import type { OutlinedTest } from '../../policy/outline.ts';
import { question } from '../api.ts';
import { formatCount } from '../readable-values.ts';
import { useAction } from './action.ts';
import { ErrorBox } from './error-box.tsx';
import { VirtualTable } from './virtual-table.tsx';

/** Codes of a test that fails, and of one that cannot be run on this host. */
const FAILS = 'XP0320';
const NOT_RUN = 'XP0321';

export interface PolicyTestsProps {
  readonly name: string;
  readonly version: number;
  readonly tests: readonly OutlinedTest[];
  readonly count: number;
}

interface Result {
  readonly kind: '' | 'pass' | 'drop';
  readonly text: string;
}

function resultOf({ line }: OutlinedTest, checked: CheckOutcome | undefined): Result {
  if (checked === undefined) return { kind: '', text: 'not run yet' };
  const found = checked.diagnostics.find((one) => one.span.line === line && [FAILS, NOT_RUN].includes(one.code));
  // With errors of another kind no test is run.
  const error = checked.diagnostics.find(({ severity, code }) => severity === 'error' && code !== FAILS);
  if (error !== undefined) return { kind: '', text: `not run: ${error.message}` };
  if (found === undefined) return { kind: 'pass', text: 'holds' };
  return { kind: found.code === FAILS ? 'drop' : '', text: found.message };
}

function placeOf({ interface: name, direction }: OutlinedTest): string {
  const way = direction === null ? '' : direction === 'in' ? ' in' : ' out';
  return `${name ?? 'any'}${way}`;
}

function ResultCell({ result: { kind, text } }: { readonly result: Result }): VNode {
  return (
    <span class={kind} title={text}>
      {text}
    </span>
  );
}

/** They are run when it is asked for: for a policy of very many rules that takes the host a while. */
export function PolicyTests({ name, version, tests, count }: PolicyTestsProps): VNode | null {
  const [checked, setChecked] = useState<CheckOutcome | undefined>(undefined);
  const action = useAction();
  if (count === 0) return null;
  const run = (): void =>
    action.run(async () => {
      setChecked(await question<CheckOutcome>('/v1/check', { input: { stored: name, version } }));
    });
  return (
    <section>
      <div class="heading">
        <h2>Tests</h2>
        <div class="buttons">
          <button type="button" onClick={run} disabled={action.isRunning}>
            {action.isRunning ? 'Running…' : 'Run the tests'}
          </button>
        </div>
      </div>
      {tests.length < count && (
        <p class="help">
          The first {formatCount(tests.length)} of {formatCount(count)}.
        </p>
      )}
      {action.error !== undefined && <ErrorBox error={action.error} />}
      <VirtualTable
        label="Tests"
        head={['Packet', 'Expected', 'By rule', 'Interface', 'Result']}
        rows={tests}
        keyOf={(_, i) => String(i)}
        cells={(test) => [
          <code>{test.packet}</code>,
          <span class={test.expect}>{test.expect}</span>,
          test.rule ?? 'any',
          placeOf(test),
          <ResultCell result={resultOf(test, checked)} />,
        ]}
      />
    </section>
  );
}
