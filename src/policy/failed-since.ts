import type { Diagnostics } from '../base/diagnostics.ts';

/** True where an error came after the first `mark` diagnostics: `mark` is `diags.all.length` before the work. */
export function failedSince(diags: Diagnostics, mark: number): boolean {
  return diags.all.slice(mark).some((d) => d.severity === 'error');
}
