/** What went wrong, with the next step. */
import type { VNode } from 'preact';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { ApiError } from '../api.ts';

function DiagnosticItem({ diagnostic }: { readonly diagnostic: Diagnostic }): VNode | null {
  const { code, severity, span, message, help } = diagnostic;
  return (
    <li class={severity}>
      <strong>
        {severity} {code}
      </strong>{' '}
      line {span.line}, column {span.column}: {message}
      {help !== undefined && <div class="help">Help: {help}</div>}
    </li>
  );
}

export function DiagnosticList({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }): VNode | null {
  return (
    <ul class="diagnostics">
      {diagnostics.map((diagnostic, i) => (
        <DiagnosticItem key={i} diagnostic={diagnostic} />
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
