/** What cmd.exe does with a line before a program sees it: chained commands, redirections, carets. */

export interface ShellCommand {
  /** Without redirections, `@` and white space around it. */
  readonly text: string;
  /** Characters of the line before it. */
  readonly at: number;
  /** What stands before it; undefined for the first. */
  readonly follows: '&' | '&&' | '|' | '||' | undefined;
}

/** Quotation marks as web pages print them, made straight; every character stays where it is. */
export function straightenQuotes(line: string): string {
  return line.replaceAll(/[\u201c-\u201f\uff02]/gu, '"').replaceAll('\u00a0', ' ');
}

/** The commands of a line, empty ones left out. */
export function splitCommands(line: string): readonly ShellCommand[] {
  const commands: ShellCommand[] = [];
  let start = 0;
  let follows: ShellCommand['follows'];
  let isQuoted = false;
  const end = (at: number): void => {
    const command = shellCommand(line.slice(start, at), start, follows);
    if (command.text !== '') commands.push(command);
  };
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (char === '^') i++;
    else if (isChain(char) && !isRedirection(line, i)) {
      end(i);
      const isDouble = line[i + 1] === char;
      follows = char === '&' ? (isDouble ? '&&' : '&') : isDouble ? '||' : '|';
      if (isDouble) i++;
      start = i + 1;
    }
  }
  end(line.length);
  return commands;
}

function isChain(char: string | undefined): char is '&' | '|' {
  return char === '&' || char === '|';
}

/** `2>&1`. */
function isRedirection(line: string, at: number): boolean {
  return line[at] === '&' && line[at - 1] === '>';
}

/** Redirections become spaces, so that every word stays where it is. */
function shellCommand(part: string, start: number, follows: ShellCommand['follows']): ShellCommand {
  const parts = /(?<quoted>"[^"]*"?)|(?<target>(?:(?<=\s|^)\d)?(?:>>?|<)\s*(?:&\d|"[^"]*"|[^\s"<>]*))/gu;
  const plain = part.replaceAll(parts, (all: string, quoted: string | undefined) => quoted ?? ' '.repeat(all.length));
  const lead = /^[\s@(]*/u.exec(plain)?.[0].length ?? 0;
  const text = unescapeText(plain.slice(lead)).trimEnd();
  return { text, at: start + lead, follows };
}

/** A caret takes the meaning of the character after it away. */
function unescapeText(text: string): string {
  return text.replaceAll(
    /(?<quoted>"[^"]*"?)|\^(?<next>.?)/gu,
    (_, quoted?: string, next?: string) => quoted ?? next ?? '',
  );
}
