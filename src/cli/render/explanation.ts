/** `explain` for people: the decision, then the candidates in aligned columns, the deciding key marked below the winner. */
import type { ExplainedCandidate, Explanation } from '../../policy/explain.ts';
import { KEY_NAMES } from '../../policy/key-names.ts';
import type { DecidingKey } from '../../policy/specificity.ts';

export interface RenderExplainOptions {
  readonly colour?: boolean;
}

interface Column {
  readonly title: string;
  readonly cell: (candidate: ExplainedCandidate) => string;
  /** The key of the order that the column shows. */
  readonly key?: DecidingKey;
  /** The column is left out where this holds for no candidate. */
  readonly isOf?: (candidate: ExplainedCandidate) => boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'RULE', cell: (c) => c.rule, key: 'position' },
  { title: 'FILTER', cell: (c) => c.filter },
  { title: 'HALF', cell: (c) => (c.mirrored ? 'mirror' : 'forward') },
  { title: 'LONG', cell: (c) => `/${c.rank.addressLong}`, key: 'addressLong' },
  { title: 'SHORT', cell: (c) => `/${c.rank.addressShort}`, key: 'addressShort' },
  { title: 'PROTOCOL', cell: (c) => (c.rank.protocol === 1 ? 'named' : 'any'), key: 'protocol' },
  { title: 'NARROW', cell: (c) => `${c.rank.portNarrow}`, key: 'portNarrow' },
  { title: 'WIDE', cell: (c) => `${c.rank.portWide}`, key: 'portWide' },
  { title: 'ESTABLISHED', cell: (c) => (c.rank.established === 1 ? 'yes' : 'no'), key: 'established' },
  {
    title: 'FRAGMENT',
    cell: (c) => (c.rank.fragment === 1 ? 'later' : 'any'),
    key: 'fragment',
    isOf: (c) => c.rank.fragment === 1,
  },
  { title: 'INTERFACE', cell: (c) => (c.rank.interface === 1 ? 'limited' : 'any'), key: 'interface' },
  { title: 'ACTION', cell: (c) => c.action, key: 'action' },
  { title: 'BEHIND BY', cell: (c) => (c.behindBy === null ? '' : KEY_NAMES[c.behindBy]) },
];

const WINNER = '> ';
const OTHER = '  ';
const GAP = '  ';

/** Lines without a last newline. */
export function renderExplanation(
  packet: string,
  explanation: Explanation,
  options: RenderExplainOptions = {},
): string {
  const paint = options.colour === true ? (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m` : plain;
  const verdict = paint(explanation.verdict === 'pass' ? 32 : 31, explanation.verdict);
  const head = [packet, `${verdict}  ${reasonOf(explanation)}`];
  const { candidates } = explanation;
  if (candidates.length === 0) return [...head, 'no filter matches'].join('\n');
  return [...head, '', ...tableOf(explanation, (text) => paint(1, text))].join('\n');
}

function plain(_code: number, text: string): string {
  return text;
}

function reasonOf({ by, rule, filter, reason, decidedBy }: Explanation): string {
  switch (by) {
    case 'rule': {
      const why = decidedBy === null ? 'the only candidate' : `first by: ${KEY_NAMES[decidedBy]}`;
      return `by rule "${rule}", filter ${filter}, ${why}`;
    }
    case 'default':
      return 'by default';
    case 'exemption':
      return `by exemption ${reason}; the filters below have no say`;
    case 'parse':
      return `not parsed: ${reason}`;
  }
}

function tableOf(explanation: Explanation, bold: (text: string) => string): string[] {
  const { candidates, by, decidedBy } = explanation;
  const shown = COLUMNS.filter(({ isOf }) => isOf === undefined || candidates.some(isOf));
  const columns = shown.map((column) => {
    const cells = candidates.map(column.cell);
    return { ...column, cells, width: Math.max(column.title.length, ...cells.map((cell) => cell.length)) };
  });
  const line = (lead: string, cell: (column: (typeof columns)[number]) => string): string =>
    (lead + columns.map((column) => cell(column).padEnd(column.width)).join(GAP)).trimEnd();
  const rows = candidates.map((_, i) => {
    const wins = i === 0 && by === 'rule';
    const row = line(wins ? WINNER : OTHER, (column) => column.cells[i] ?? '');
    return wins ? bold(row) : row;
  });
  const mark = line(OTHER, (column) => (column.key === decidedBy ? '^'.repeat(column.cells[0]?.length ?? 1) : ''));
  return [line(OTHER, (c) => c.title), ...rows.slice(0, 1), ...(decidedBy === null ? [] : [mark]), ...rows.slice(1)];
}
