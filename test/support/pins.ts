/** What an interface's directory has besides its hooks, and keeps when filtering ends: sorted, as a directory is listed. */
export const KEPT_PINS: readonly string[] = [
  'audit-tc',
  'audit-xdp',
  'budgets-0',
  'counters-0',
  'samples',
  'sampling',
  'slots',
];

/** With the hooks that are filtered. */
export function pinsWith(...hooks: readonly string[]): readonly string[] {
  return [...KEPT_PINS, ...hooks].sort();
}
