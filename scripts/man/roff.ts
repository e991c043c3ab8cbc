/** Text as the requests and escapes of man(7). */

/** Plain text: nothing in it is a request or an escape. */
export function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./gmu, '\\&.');
}

export function setBold(text: string): string {
  return `\\fB${plain(text)}\\fR`;
}

export function section(title: string, ...lines: readonly string[]): string {
  return [`.SH ${quoteText(title.toUpperCase())}`, ...lines].join('\n');
}

/** A term with what it means, indented. */
export function entry(term: string, meaning: string): string {
  return `.TP\n${term}\n${meaning === '' ? '\\&' : meaning}`;
}

/** Lines as they stand. */
export function literal(text: string): string {
  return `.PP\n.nf\n.RS 4\n${plain(text)}\n.RE\n.fi`;
}

export interface PageHead {
  /** The page is called `name(number)`. */
  readonly name: string;
  readonly number: 5 | 8;
  /** A line: what it is. */
  readonly about: string;
}

/** A whole page. `date` and `version` are in its foot. */
export function page(head: PageHead, foot: { date: string; version: string }, sections: readonly string[]): string {
  const { name, number, about } = head;
  return [
    `.TH ${quoteText(name.toUpperCase())} ${number} ${quoteText(foot.date)} ${quoteText(`xdpol ${foot.version}`)}`,
    '.nh',
    '.ad l',
    section('Name', `${plain(name)} \\- ${plain(about)}`),
    ...sections,
    '',
  ].join('\n');
}

function quoteText(text: string): string {
  return `"${plain(text).replaceAll('"', '\\(dq')}"`;
}
