/** A batch script as commands: continued lines joined, chained commands taken apart, comments and output told apart. */
import type { Span } from '../../base/diagnostics.ts';
import { optionName, wordsOfLine } from '../ipsecpol/words.ts';
import type { Token } from '../token.ts';
import type { ShellCommand } from './shell.ts';
import { splitCommands, straightenQuotes } from './shell.ts';

export type ScriptLine =
  /** Comments, `echo`, `pause`, blank lines: what has no effect on the policy. */
  | { readonly kind: 'silent' }
  /** The words after `netsh ipsec static`, or after the program; `refusal` says why they cannot be carried out. */
  | {
      readonly kind: Program;
      readonly words: readonly Token[];
      readonly refusal: string | undefined;
      readonly span: Span;
    }
  | { readonly kind: 'other'; readonly why: string; readonly leavesOut: boolean; readonly span: Span };

type Program = 'netsh' | 'ipsecpol';

const SILENT =
  /^(?:rem(?:\s|$)|::|:\w|[#;]|echo(?:[\s.:]|$)|(?:pause|cls|setlocal|endlocal|exit|popd|title|color|chcp|quit|bye)(?:\s|$)|\)\s*$)/iu;
/** With a folder or a prompt before it: `C:\>netsh`, `%windir%\system32\netsh.exe`. */
const PROGRAM = /^(?:\S*[\\/])?(?<name>netsh|ipsecpol|ipseccmd)(?:\.exe)?$/iu;
const PROMPT = /^\s*(?:[a-z]:[^<>|&"]*)?>/iu;
const MENTIONS_PROGRAM = /(?:^|[^\w-])(?:netsh|ipsecpol|ipseccmd)(?:\.exe)?(?:\s|$)/iu;

/** Where a text has commands that only a script has. */
export function looksLikeScript(text: string): boolean {
  const program = String.raw`(?:[a-z]:[^<>|&"\n]*>\s*)?(?:[^\s|,;]*[\\/])?(?:netsh|ipsecpol|ipseccmd)(?:\.exe)?\s`;
  const context = String.raw`(?:pushd\s+)?ipsec\s+static(?:\s|$)`;
  return new RegExp(String.raw`^\s*@?\s*(?:${program}|${context})`, 'imu').test(text);
}

export function scriptLines(file: string, text: string): readonly ScriptLine[] {
  const reader = new LineReader(file);
  const physical = text.split(/\r\n|\n|\r/u);
  if (physical.at(-1) === '') physical.pop();
  const lines: ScriptLine[] = [];
  for (let i = 0; i < physical.length; ) {
    const line = i + 1;
    let joined = physical[i++] ?? '';
    while (i < physical.length && goesOn(joined, physical[i] ?? ''))
      joined = `${joined.replace(/\^?\s*$/u, ' ')}${physical[i++]?.trimStart() ?? ''}`;
    lines.push(...reader.read(line, joined));
  }
  return lines;
}

/** A caret at the end, or a line of options after one of ipsecpol, as commands are broken in print. */
function goesOn(line: string, next: string): boolean {
  if (/\^\s*$/u.test(line)) return !isComment(line);
  const [program = '', option = ''] = [line, next].map((one) => one.trim().replace(/^@\s*/u, '').split(/\s+/u)[0]);
  return /^(?:ipsecpol|ipseccmd)(?:\.exe)?$/iu.test(program) && optionName(option) !== undefined;
}

function isComment(line: string): boolean {
  return /^[\s@]*(?:rem(?:\s|$)|::)/iu.test(line);
}

class LineReader {
  readonly #file: string;
  /** After `pushd ipsec static`, commands go without it, as in a file of `netsh -f`. */
  #isInContext = false;

  constructor(file: string) {
    this.#file = file;
  }

  read(line: number, lineText: string): readonly ScriptLine[] {
    const at = { file: this.#file, line, lineText };
    if (isComment(lineText)) return [{ kind: 'silent' }];
    const commands = splitCommands(straightenQuotes(lineText).replace(PROMPT, (prompt) => ' '.repeat(prompt.length)));
    if (commands.length === 0) return [{ kind: 'silent' }];
    if (isControlFlow(commands)) {
      const whole = lineText.trim();
      return [controlFlow(whole, { ...at, column: lineText.indexOf(whole) + 1, length: Math.max(1, whole.length) })];
    }
    return commands.map((command) => this.#command(command, at));
  }

  #command(command: ShellCommand, at: Pick<Span, 'file' | 'line' | 'lineText'>): ScriptLine {
    const { text } = command;
    const span = { ...at, column: command.at + 1, length: Math.max(1, text.length) };
    if (/^(?:popd|quit|exit|bye)(?:\s|$)/iu.test(text)) this.#isInContext = false;
    if (text === '' || SILENT.test(text)) return { kind: 'silent' };
    const words = wordsOfLine(text, span);
    const program = PROGRAM.exec(words[0]?.text ?? '')?.groups?.['name']?.toLowerCase();
    const rest = program === 'netsh' || /^pushd$/iu.test(words[0]?.text ?? '') ? words.slice(1) : words;
    if (this.#opensContext(rest)) return { kind: 'silent' };
    const refusal = refusalOf(command, words);
    if (program === 'ipsecpol' || program === 'ipseccmd')
      return { kind: 'ipsecpol', words: rest.slice(1), refusal, span };
    const inStatic = afterContext(rest) ?? (program === undefined && this.#isInContext ? words : undefined);
    if (inStatic !== undefined) return { kind: 'netsh', words: inStatic, refusal, span };
    if (program === 'netsh') return otherNetsh(rest, span);
    const leavesOut = MENTIONS_PROGRAM.test(text) || /\.(?:cmd|bat)\b/iu.test(text);
    return { kind: 'other', why: 'not a netsh, ipsecpol or ipseccmd command', leavesOut, span };
  }

  #opensContext(words: readonly Token[]): boolean {
    if (afterContext(words)?.length !== 0) return false;
    this.#isInContext = true;
    return true;
  }
}

/** The words after `ipsec static`, also shortened, also as `-c "ipsec static"`; undefined where they are not there. */
function afterContext(words: readonly Token[]): readonly Token[] | undefined {
  const [first, second] = words;
  if (first?.text.toLowerCase() === '-c' && /^ipsec\s+static$/iu.test(second?.text ?? '')) return words.slice(2);
  const [ipsec, fixed] = [first?.text.toLowerCase() ?? '', second?.text.toLowerCase() ?? ''];
  const isContext = ipsec.length >= 2 && 'ipsec'.startsWith(ipsec) && fixed.length >= 2 && 'static'.startsWith(fixed);
  return isContext ? words.slice(2) : undefined;
}

/** Is the command run only under a condition, or not as it is written? */
function refusalOf(command: ShellCommand, words: readonly Token[]): string | undefined {
  if (command.follows === '||') return 'it runs only where the command before it fails';
  const variable = words.slice(1).find((word) => /%[\w~*]|![\w]+!/u.test(word.text));
  return variable === undefined ? undefined : `variables are not expanded: write what ${variable.text} stands for`;
}

function isControlFlow([first]: readonly ShellCommand[]): boolean {
  return /^(?:if|for|goto|call|set)(?:\s|$|\/)/iu.test(first?.text ?? '');
}

function controlFlow(text: string, span: Span): ScriptLine {
  const isJump = /^(?:goto|set)\s/iu.test(text) || /^if\s.*\s(?:goto|exit|echo|pause|rem)(?:\s|$)/iu.test(text);
  const leavesOut = MENTIONS_PROGRAM.test(text) || !isJump;
  return { kind: 'other', why: 'conditions, loops, jumps and variables are not followed', leavesOut, span };
}

/** Of netsh's other contexts these filter packets too. */
function otherNetsh(words: readonly Token[], span: Span): ScriptLine {
  const [first = '', second = ''] = words.map(({ text }) => text.toLowerCase());
  if (/^(?:-f|exec)$/u.test(first)) {
    const why = `it runs another script: import ${words[1]?.text ?? 'that one'} too`;
    return { kind: 'other', why, leavesOut: true, span };
  }
  const filters = ['advfirewall', 'firewall', 'wfp', '-r', '-c'].includes(first);
  const leavesOut = filters || (first === 'ipsec' && !['dynamic'].includes(second)) || isDynamicRule(words);
  return { kind: 'other', why: 'of netsh, only ipsec static is read', leavesOut, span };
}

function isDynamicRule(words: readonly Token[]): boolean {
  const [first = '', second = '', verb = ''] = words.map(({ text }) => text.toLowerCase());
  return first === 'ipsec' && second === 'dynamic' && /^(?:add|delete)$/u.test(verb);
}
