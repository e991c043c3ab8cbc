/** What has the same form in the JSON of every verb. */
import type { Diagnostic } from '../../base/diagnostics.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import type { ExitCode } from '../exit.ts';
import { UsageError } from '../exit.ts';
import { printJson } from './terminal.ts';

/** A diagnostic with its place flat; `help` is always there. */
export function plainDiagnostic({ code, severity, span, message, help }: Diagnostic): Record<string, unknown> {
  return { code, severity, file: span.file, line: span.line, column: span.column, message, help: help ?? null };
}

/** Is JSON asked for, also where the command line cannot be read? */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** Why a verb has no outcome, as one object on stdout. */
export function printJsonError(error: Error & { readonly help?: string | undefined }, exitCode: ExitCode): void {
  const diagnostics = error instanceof PolicyRejected || error instanceof UsageError ? error.diagnostics : [];
  const code = error instanceof EnvironmentError ? error.code : null;
  printJson({
    ok: false,
    error: { code, message: error.message, help: error.help ?? null, exitCode },
    diagnostics: diagnostics.map(plainDiagnostic),
  });
}
