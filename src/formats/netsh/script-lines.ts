/** A batch script as commands: continued lines joined, comments and output commands told apart. */
import type { Span } from '../../base/diagnostics.ts';
import { optionName, wordsOfLine } from '../ipsecpol/words.ts';
import type { Token } from '../token.ts';

export type ScriptLine =
  /** Comments, `echo`, `pause`, blank lines: what has no effect on the policy. */
  | { readonly kind: 'silent' }
  /** The words after `netsh ipsec static`. */
  | { readonly kind: 'netsh'; readonly words: readonly Token[]; readonly span: Span }
  /** The words after the program. */
  | { readonly kind: 'ipsecpol'; readonly words: readonly Token[]; readonly span: Span }
  | { readonly kind: 'other'; readonly why: string; readonly span: Span };

const SILENT =
  /^(?:rem(?:\s|$)|::|:\w|#|echo(?:[\s.]|$)|pause(?:\s|$)|cls\s*$|title\s|setlocal|endlocal|exit(?:\s|$))/iu;
const PROGRAM = /^(?<name>netsh|ipsecpol|ipseccmd)(?:\.exe)?$/iu;

/** Where a text has commands that only a script has. */
export function looksLikeScript(text: string): boolean {
  return /^\s*@?\s*(?:(?:netsh|ipsecpol|ipseccmd)(?:\.exe)?\s|ipsec\s+static\s)/imu.test(text);
}

export function scriptLines(file: string, text: string): readonly ScriptLine[] {
  const lines: ScriptLine[] = [];
  const physical = text.split(/\r\n|\n|\r/u);
  if (physical.at(-1) === '') physical.pop();
  for (let i = 0; i < physical.length; ) {
    const line = i + 1;
    let joined = physical[i++] ?? '';
    while (i < physical.length && goesOn(joined, physical[i] ?? ''))
      joined = `${joined.replace(/\^?\s*$/u, ' ')}${physical[i++]?.trimStart() ?? ''}`;
    lines.push(readLine(file, line, joined));
  }
  return lines;
}

/** A caret at the end, or a line of options after one of ipsecpol, as commands are broken in print. */
function goesOn(line: string, next: string): boolean {
  if (/\^\s*$/u.test(line)) return true;
  const [program = '', option = ''] = [line, next].map((one) => one.trim().replace(/^@\s*/u, '').split(/\s+/u)[0]);
  return /^(?:ipsecpol|ipseccmd)(?:\.exe)?$/iu.test(program) && optionName(option) !== undefined;
}

function readLine(file: string, line: number, lineText: string): ScriptLine {
  const lead = /^[\s@]*/u.exec(lineText)?.[0].length ?? 0;
  const command = withoutRedirection(lineText.slice(lead)).trimEnd();
  const span = { file, line, column: lead + 1, length: Math.max(1, command.length), lineText };
  if (command === '' || SILENT.test(command)) return { kind: 'silent' };
  const words = wordsOfLine(command, span);
  const program = PROGRAM.exec(words[0]?.text ?? '')?.groups?.['name']?.toLowerCase();
  if (program === undefined && !isContext(words)) {
    return { kind: 'other', why: 'not a netsh, ipsecpol or ipseccmd command', span };
  }
  if (words.some((word) => /^(?:&&?|\|\|?)$/u.test(word.text))) {
    return { kind: 'other', why: 'several commands on one line: give each a line', span };
  }
  const variable = words.find((word) => /%[\w~*]/u.test(word.text));
  if (variable !== undefined) {
    return { kind: 'other', why: `variables are not expanded: write what ${variable.text} stands for`, span };
  }
  if (program === 'ipsecpol' || program === 'ipseccmd') return { kind: 'ipsecpol', words: words.slice(1), span };
  const rest = program === 'netsh' ? words.slice(1) : words;
  if (isContext(rest)) return { kind: 'netsh', words: rest.slice(2), span };
  return { kind: 'other', why: 'of netsh, only ipsec static is read', span };
}

function isContext(words: readonly Token[]): boolean {
  return words[0]?.text.toLowerCase() === 'ipsec' && words[1]?.text.toLowerCase() === 'static';
}

/** `>nul`, `2>&1`, `>>log.txt` at the end. */
function withoutRedirection(command: string): string {
  return command.replace(/(?:\s+\d?>>?\s*(?:&\d|"[^"]*"|[^\s"]+))+\s*$/u, '');
}
