/** Which verb a command line asks for, before it is read. */

/** The first word that is neither an option nor the name after --host; undefined where there is none. */
export function verbOf(words: readonly string[]): string | undefined {
  return words.find((word, i) => !word.startsWith('-') && words[i - 1] !== '--host');
}

/** The version is printed without a look at any verb. */
export function asksForVersion(words: readonly string[]): boolean {
  return verbOf(words) === undefined && words.some((word) => word === '--version' || word === '-V');
}

/** Verbs that go on to their end when nobody reads what they print: a change is never cut off by that. */
const CHANGES: ReadonlySet<string> = new Set([
  ...['apply', 'assign', 'unassign', 'confirm', 'rollback', 'restore', 'delete', 'install', 'uninstall', 'ipsecpol'],
  ...['agent', 'doctor', 'fmt', 'host', 'pki', 'set'],
]);

export function changesSomething(words: readonly string[]): boolean {
  return CHANGES.has(verbOf(words) ?? '');
}
