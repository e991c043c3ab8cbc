import { EnvironmentError } from '../base/environment-error.ts';
import { explainFailure } from '../engine/failure.ts';
import type { LogFields } from './log.ts';

/** What went wrong, on one line, with the next step where there is one. */
export function describeFailure(error: unknown): string {
  const explained = explainFailure(error);
  if (!(explained instanceof Error)) return String(explained);
  const help = explained instanceof EnvironmentError ? explained.help : undefined;
  return help === undefined ? explained.message : `${explained.message} (${help})`;
}

/** The code of docs/errors.md, or of the system. */
export function failureFields(error: unknown): LogFields {
  const { code } = explainFailure(error) as { readonly code?: unknown };
  return typeof code === 'string' ? { code } : {};
}
