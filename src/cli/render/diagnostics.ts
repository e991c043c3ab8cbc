/**
 * Diagnostics as text for people:
 *
 *   edge.yaml:14:24: error[XP0112]: port range 8080-80 is empty
 *    14 |     destinationPort: 8080-80
 *       |                      ^^^^^^^ help: did you mean 80-8080?
 */
import type { Severity } from '../../base/codes/entry.ts';
import type { Diagnostic, Span } from '../../base/diagnostics.ts';

export interface RenderOptions {
  readonly color: boolean;
}

/** Columns of source text shown; a longer line is windowed around the caret. */
const WINDOW = 110;
/** Columns that a help may fill on the caret's line. */
const HELP_LIMIT = 120;
const TAB_WIDTH = 4;
const SEVERITIES = ['error', 'warning', 'note'] as const satisfies readonly Severity[];

type Style = 'bold' | 'red' | 'yellow' | 'cyan' | 'green' | 'dim';
const STYLES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
const SEVERITY_STYLES: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', note: 'cyan' };

type Paint = (style: Style, text: string) => string;

/** All of them, by file and place, and a line that counts them; nothing for none. Ends in a line feed. */
export function renderDiagnostics(diags: readonly Diagnostic[], options: RenderOptions): string {
  if (diags.length === 0) return '';
  return `${[...renderEach(diags, options), summaryOf(diags)].join('\n')}\n`;
}

/** The lines of all of them, by file and place, without the line that counts them. */
export function renderEach(diags: readonly Diagnostic[], options: RenderOptions): string[] {
  const paint: Paint = options.color ? (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m` : (_, text) => text;
  return inOrder(diags).flatMap((diagnostic) => renderOne(diagnostic, paint));
}

export interface SeverityCount {
  readonly severity: Severity;
  readonly count: number;
}

/** `2 errors, 1 warning`; `more` are counted besides. */
export function summaryOf(diags: readonly Diagnostic[], more: readonly SeverityCount[] = []): string {
  const all = [...diags.map(({ severity }) => ({ severity, count: 1 })), ...more];
  const countOf = (severity: Severity): number =>
    all.reduce((sum, one) => sum + (one.severity === severity ? one.count : 0), 0);
  const counted = SEVERITIES.map((severity) => [severity, countOf(severity)] as const).filter(([, count]) => count > 0);
  return counted.map(([severity, count]) => `${count} ${severity}${count === 1 ? '' : 's'}`).join(', ');
}

/** Files as they first appear; in a file by place; at one place as they came. */
function inOrder(diags: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diags.map((d) => d.span.file))];
  const position = new Map(files.map((file, i) => [file, i]));
  const place = (span: Span): readonly number[] => [position.get(span.file) ?? 0, span.line, span.column];
  return [...diags].sort((a, b) => {
    const [left, right] = [place(a.span), place(b.span)];
    return left.map((value, i) => value - (right[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
}

function renderOne(diagnostic: Diagnostic, paint: Paint): string[] {
  const { span, severity, code, message, help } = diagnostic;
  const where = `${replaceControls(span.file)}:${span.line}:${span.column}:`;
  const label = paint(SEVERITY_STYLES[severity], `${severity}[${code}]`);
  const head = `${paint('bold', where)} ${label}: ${replaceControls(message)}`;
  const helpText = help === undefined ? undefined : `help: ${replaceControls(help)}`;
  if (span.lineText === '') return helpText === undefined ? [head] : [head, `    ${paint('cyan', helpText)}`];
  const { text, before, underlined } = windowOf(span);
  const number = ` ${span.line} `;
  const gutter = paint('dim', `${' '.repeat(number.length)}|`);
  const caret = `${gutter} ${' '.repeat(before)}${paint('green', '^'.repeat(underlined))}`;
  const lines = [head, `${paint('dim', `${number}|`)} ${text}`];
  if (helpText === undefined) return [...lines, caret];
  const fits = number.length + 3 + before + underlined + helpText.length <= HELP_LIMIT;
  const painted = paint('cyan', helpText);
  return fits ? [...lines, `${caret} ${painted}`] : [...lines, caret, `${gutter} ${painted}`];
}

interface Window {
  readonly text: string;
  /** Columns before the caret. */
  readonly before: number;
  readonly underlined: number;
}

/** At most WINDOW columns of the line, with the start of the span among them. */
function windowOf(span: Span): Window {
  const start = Math.min(span.column - 1, span.lineText.length);
  const before = replaceControls(span.lineText.slice(0, start));
  const marked = replaceControls(span.lineText.slice(start, start + span.length));
  const after = replaceControls(span.lineText.slice(start + span.length));
  const whole = before + marked + after;
  if (whole.length <= WINDOW) {
    return { text: whole, before: before.length, underlined: Math.max(1, marked.length) };
  }
  const from = Math.max(0, Math.min(before.length - Math.floor(WINDOW / 3), whole.length - WINDOW));
  const to = Math.min(whole.length, from + WINDOW);
  const lead = from > 0 ? '…' : '';
  const trail = to < whole.length ? '…' : '';
  return {
    text: `${lead}${whole.slice(from, to)}${trail}`,
    before: before.length - from + lead.length,
    underlined: Math.max(1, Math.min(marked.length, to - before.length)),
  };
}

/** Tabs as spaces, and nothing that a terminal would obey: file content must not move the cursor. */
function replaceControls(text: string): string {
  return text.replaceAll('\t', ' '.repeat(TAB_WIDTH)).replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
