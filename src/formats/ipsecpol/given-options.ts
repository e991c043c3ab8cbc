/** The options of an ipsecpol command line, as written: what they mean together is command.ts's business. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { findClosest } from '../../base/suggest.ts';
import type { Token } from '../token.ts';
import { optionName } from './words.ts';

type Values = 'none' | 'one' | 'many';

export type OptionName =
  | ('w' | 'p' | 'r' | 'f' | 'n' | 'x' | 'y' | 'o' | 'u' | 'file' | 'lan' | 'dialup' | 'confirm' | '?' | 'h')
  | ('t' | 'a' | '1s' | '1k' | '1p' | 'soft');

const OPTIONS: Readonly<Record<OptionName, Values>> = {
  w: 'one',
  p: 'one',
  r: 'one',
  f: 'many',
  n: 'many',
  x: 'none',
  y: 'none',
  o: 'none',
  u: 'none',
  file: 'one',
  lan: 'none',
  dialup: 'none',
  confirm: 'none',
  soft: 'none',
  t: 'one',
  a: 'many',
  '1s': 'many',
  '1k': 'one',
  '1p': 'none',
  '?': 'none',
  h: 'none',
};

export interface GivenOption {
  readonly name: OptionName;
  readonly at: Token;
  /** None where one is missing, which has been reported. */
  readonly values: readonly Token[];
}

export interface GivenOptions {
  /** Without its backslashes. */
  readonly machine: Token | undefined;
  /** What `show` is asked for; undefined: it is no `show`. */
  readonly show: readonly Token[] | undefined;
  readonly options: readonly GivenOption[];
}

/** Names of the original whose spelling is longer than a letter are taken in any case, like the others. */
function knownOption(word: string): OptionName | undefined {
  const name = word.toLowerCase().replace(/^-?help$/u, 'h');
  return Object.hasOwn(OPTIONS, name) ? (name as OptionName) : undefined;
}

/** Every option with its values. What cannot be understood is reported and left out. */
export function readOptions(words: readonly Token[], diags: Diagnostics): GivenOptions {
  const options: GivenOption[] = [];
  const { machine, count } = readMachine(words);
  if (words[count]?.text.toLowerCase() === 'show') return { machine, show: words.slice(count + 1), options };
  for (let i = count; i < words.length; ) {
    const word = words[i++];
    if (word === undefined) break;
    const name = optionName(word.text);
    if (name === undefined) {
      reportStray(word, diags);
      continue;
    }
    const known = knownOption(name);
    const wanted: Values = known === undefined ? 'none' : OPTIONS[known];
    const values = valuesAt(words, i, wanted);
    i += values.length;
    if (known === undefined) {
      diags.report('XP0514', word.span, `unknown option "${word.text}"`, optionHelp(name));
      continue;
    }
    if (wanted !== 'none' && values.length === 0) {
      diags.report('XP0515', word.span, `-${known} needs a value`, VALUE_HELP[known]);
    }
    options.push({ name: known, at: word, values });
  }
  return { machine, show: undefined, options };
}

/** `\\\\HOST` at the beginning, also with white space after the backslashes, as it is printed. */
function readMachine(words: readonly Token[]): { readonly machine: Token | undefined; readonly count: number } {
  const [first, second] = words;
  if (first?.text.startsWith('\\') !== true) return { machine: undefined, count: 0 };
  const name = first.text.replace(/^\\+/u, '');
  if (name !== '' || second === undefined || optionName(second.text) !== undefined) {
    return { machine: { ...first, text: name }, count: 1 };
  }
  return { machine: second, count: 2 };
}

const VALUE_HELP: Readonly<Partial<Record<OptionName, string>>> = {
  w: 'write -w REG',
  p: 'write -p "Packet Filter"',
  r: 'write -r "Inbound web protocols"',
  f: 'write -f *+131.107.1.1:80:TCP',
  n: 'write -n PASS or -n BLOCK',
  file: 'write -file FILE',
};

/** Of one letter every other option is a slip away. */
function optionHelp(name: string): string {
  const guess =
    name.length > 1
      ? findClosest(
          name,
          Object.keys(OPTIONS).filter((known) => known.length > 1),
        )
      : undefined;
  return guess === undefined ? '-? lists the options' : `did you mean -${guess}?`;
}

function valuesAt(words: readonly Token[], start: number, wanted: Values): readonly Token[] {
  if (wanted === 'none') return [];
  const end = words.findIndex((word, i) => i >= start && optionName(word.text) !== undefined);
  const all = words.slice(start, end < 0 ? words.length : end);
  return wanted === 'one' ? all.slice(0, 1) : all;
}

function reportStray(word: Token, diags: Diagnostics): void {
  const curly = /[\u201c-\u201f]/u.test(word.text);
  const help = curly ? 'quotes must be straight: "Packet Filter"' : 'a value with spaces stands in double quotes';
  diags.report('XP0516', word.span, `"${word.text}" belongs to no option`, help);
}
