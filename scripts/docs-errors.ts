/**
 * docs/errors.md, from the catalogue of error codes. The test of the catalogue writes it:
 * `npx vitest run test/repo/error-codes.test.ts -u`; without -u it compares.
 */
import { CONSOLE_ERRORS } from '../src/base/errors/console-errors.ts';
import type { ErrorCatalogue } from '../src/base/errors/entry.ts';
import { HOST_ERRORS } from '../src/base/errors/host-errors.ts';
import { KERNEL_ERRORS } from '../src/base/errors/kernel-errors.ts';
import { REMOTE_ERRORS } from '../src/base/errors/remote-errors.ts';
import { STORE_ERRORS } from '../src/base/errors/store-errors.ts';

const GROUPS: readonly (readonly [title: string, codes: ErrorCatalogue])[] = [
  ['The host', HOST_ERRORS],
  ['The kernel', KERNEL_ERRORS],
  ['The store', STORE_ERRORS],
  ['Other hosts', REMOTE_ERRORS],
  ['The web console', CONSOLE_ERRORS],
];

const HEAD = `# Errors

Generated from \`src/base/errors/\`. What ends a command for a reason outside the policy has one of these codes; mistakes
in a policy have [codes of their own](diagnostics.md). A code is stable; the words of a message are not. EXIT is the
exit code of a command that ends with it.
`;

/** The whole page. */
export function renderErrorsPage(): string {
  return [HEAD, ...GROUPS.map(([title, codes]) => renderGroup(title, codes))].join('\n');
}

function renderGroup(title: string, codes: ErrorCatalogue): string {
  const rows = Object.entries(codes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => `| ${code} | ${entry.exit} | ${entry.title} | ${entry.explanation} |`);
  return `## ${title}\n\n| code | EXIT | what | why |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}
