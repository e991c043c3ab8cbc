/** What a check found, each with the place where it is. */
import type { VNode } from 'preact';
import type { CheckOutcome } from '../../host/check-policy.ts';
import { DiagnosticList } from './error-box.tsx';

export interface FindingsProps {
  readonly outcome: CheckOutcome;
  /** Line and column from 1. */
  readonly onGoTo?: (line: number, column: number) => void;
}

export function Findings({ outcome, onGoTo }: FindingsProps): VNode | null {
  const { diagnostics, omitted } = outcome;
  if (diagnostics.length === 0) return null;
  const more = omitted.reduce((sum, { left }) => sum + left, 0);
  return (
    <>
      <DiagnosticList
        diagnostics={diagnostics}
        placeOf={({ span: { line, column } }) =>
          onGoTo === undefined ? (
            `line ${line}`
          ) : (
            <button type="button" class="link" onClick={() => onGoTo(line, column)}>
              line {line}
            </button>
          )
        }
      />
      {more > 0 && <p class="help">And {more} more like these.</p>}
    </>
  );
}
