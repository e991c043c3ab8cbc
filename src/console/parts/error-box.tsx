/** What went wrong, with the next step. */
import type { ComponentChildren, VNode } from 'preact';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { ApiError } from '../api.ts';

type PlaceOf = (diagnostic: Diagnostic) => ComponentChildren;

interface DiagnosticItemProps {
  readonly diagnostic: Diagnostic;
  readonly placeOf: PlaceOf;
}

function DiagnosticItem({ diagnostic, placeOf }: DiagnosticItemProps): VNode | null {
  const { code, severity, message, help } = diagnostic;
  return (
    <li class={severity}>
      <strong>
        {severity} {code}
      </strong>{' '}
      {placeOf(diagnostic)}: {message}
      {help !== undefined && <div class="help">Help: {help}</div>}
    </li>
  );
}

export interface DiagnosticListProps {
  readonly diagnostics: readonly Diagnostic[];
  /** How people call the place of one; else its line and column. */
  readonly placeOf?: PlaceOf;
}

const lineAndColumn: PlaceOf = ({ span }) => `line ${span.line}, column ${span.column}`;

export function DiagnosticList({ diagnostics, placeOf = lineAndColumn }: DiagnosticListProps): VNode | null {
  return (
    <ul class="diagnostics">
      {diagnostics.map((diagnostic, i) => (
        <DiagnosticItem key={i} diagnostic={diagnostic} placeOf={placeOf} />
      ))}
    </ul>
  );
}

export function ErrorBox({ error }: { readonly error: Error }): VNode | null {
  const { code, help, diagnostics = [] } = error instanceof ApiError ? error.error : { code: '', help: null };
  return (
    <div class="notice bad" role="alert">
      <p>
        {error.message} {code !== '' && <code>{code}</code>}
      </p>
      {help !== null && <p class="help">Help: {help}</p>}
      {diagnostics.length > 0 && <DiagnosticList diagnostics={diagnostics} />}
    </div>
  );
}
