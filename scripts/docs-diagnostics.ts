/**
 * docs/diagnostics.md, from the catalogue of codes. The test of the catalogue writes it:
 * `npx vitest run test/repo/diagnostic-codes.test.ts -u`; without -u it compares.
 */

import { CODES } from '../src/base/codes/catalogue.ts';
import type { CodeCatalogue } from '../src/base/codes/entry.ts';

const GROUPS: readonly (readonly [prefix: string, title: string])[] = [
  ['XP00', 'Text and structure'],
  ['XP01', 'Ports and protocols'],
  ['XP02', 'Addresses'],
  ['XP03', 'Rules and lists'],
  ['XP04', 'Analysis'],
  ['XP05', 'Filterspecs and ipsecpol'],
  ['XP06', 'Packet text'],
  ['XP07', 'Compiling'],
  ['XP08', 'Planning charts'],
  ['XP09', 'Configuration of the host'],
];

const HEAD = `# Diagnostics

Generated from \`src/base/codes/\`. A code is stable; the words of a message are not. Errors refuse the policy; warnings
and notes do not, and \`check --strict\` makes errors of warnings.
`;

/** The whole page. */
export function renderDiagnosticsPage(codes: CodeCatalogue = CODES): string {
  const sections = GROUPS.map(([prefix, title]) => renderGroup(prefix, title, codes)).filter((text) => text !== '');
  return [HEAD, ...sections].join('\n');
}

function renderGroup(prefix: string, title: string, codes: CodeCatalogue): string {
  const rows = Object.entries(codes)
    .filter(([code]) => code.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => `| ${code} | ${entry.severity} | ${entry.title} | ${entry.explanation} |`);
  if (rows.length === 0) return '';
  return `## ${title}\n\n| code | severity | what | why |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}
