/** What a check found, each with the place where it is. */
import type { VNode } from 'preact';
import type { CheckOutcome } from '../../host/check-policy.ts';

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
      <ul class="diagnostics">
        {diagnostics.map(({ code, severity, span, message, help }, i) => (
          <li key={i} class={severity}>
            <strong>
              {severity} {code}
            </strong>{' '}
            {onGoTo === undefined ? (
              `line ${span.line}`
            ) : (
              <button type="button" class="link" onClick={() => onGoTo(span.line, span.column)}>
                line {span.line}
              </button>
            )}
            : {message}
            {help !== undefined && <div class="help">Help: {help}</div>}
          </li>
        ))}
      </ul>
      {more > 0 && <p class="help">And {more} more like these.</p>}
    </>
  );
}
