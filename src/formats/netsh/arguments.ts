/** `verb object key=value ...` of netsh ipsec static, in the forms that netsh itself takes. */
import { SPEC_PROTOCOLS } from '../filterspec.ts';
import type { Token } from '../token.ts';
import { partOf } from '../token.ts';
import type { NetshObject, NetshVerb } from './keywords.ts';
import { keysOf, readKey, readVerbAndObject } from './keywords.ts';
import { NotTaken } from './not-taken.ts';

export interface NetshCommand {
  readonly verb: NetshVerb;
  readonly object: NetshObject;
  readonly values: NetshValues;
}

/** A stray word that looks like this may be a value whose key was lost, so the line is not what it seems. */
const LOOKS_LIKE_VALUE = /^(?:[\d.:/*-]+|[\da-f]*:[\da-f:.]*(?:\/.*)?|any|me|all|y(?:es)?|no?|permit|block)$/iu;

/** The values of a command by their keys. What is wrong with the words is thrown by `check`, so that the rest can be asked. */
export class NetshValues {
  readonly #values = new Map<string, Token>();
  readonly #stray: Token[] = [];
  #problem: NotTaken | undefined;
  readonly isAll: boolean;

  constructor(words: readonly Token[], keys: readonly string[]) {
    const joined = joinAroundEquals(words);
    this.isAll = joined[0]?.text.toLowerCase() === 'all';
    const rest = this.isAll ? joined.slice(1) : joined;
    const tagged = rest.map((word) => this.#tagged(word, keys));
    let isInOrder = true;
    let before: string | undefined;
    for (const [i, word] of rest.entries()) {
      const key = tagged[i]?.key;
      if (key !== undefined) {
        isInOrder &&= keys[i] === key;
        before = key;
        continue;
      }
      const due = isInOrder && !this.isAll ? keys[i] : undefined;
      if (word.text.includes('=') && this.#problem !== undefined) continue;
      if (before === 'description') this.#describe(word);
      else if (due !== undefined && !this.#values.has(due)) this.#values.set(due, word);
      else {
        isInOrder = false;
        this.#addStray(word);
      }
    }
  }

  /** Words that belong to no key and look like no value: netsh would have stopped at them. */
  get stray(): readonly Token[] {
    return this.#stray;
  }

  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Takes `key=value`; undefined where the word has no key. */
  #tagged(word: Token, keys: readonly string[]): { readonly key: string } | undefined {
    const at = word.text.indexOf('=');
    if (at < 1) return undefined;
    try {
      const key = readKey(word.text.slice(0, at), keys);
      if (this.#values.has(key)) throw new NotTaken(`${key} is given twice`);
      this.#values.set(key, partOf(word, at + 1, word.text.length));
      return { key };
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      this.#problem ??= error;
      return undefined;
    }
  }

  /** A description without quotes. */
  #describe(word: Token): void {
    const before = this.#values.get('description');
    if (before !== undefined) this.#values.set('description', { ...before, text: `${before.text} ${word.text}` });
  }

  #addStray(word: Token): void {
    const isValue = LOOKS_LIKE_VALUE.test(word.text) || SPEC_PROTOCOLS.has(word.text.toUpperCase());
    if (isValue) this.#problem ??= new NotTaken(`"${word.text}" has no key: write KEY=${word.text}`);
    else this.#stray.push(word);
  }

  token(key: string): Token | undefined {
    return this.#values.get(key);
  }

  text(key: string): string | undefined {
    return this.#values.get(key)?.text;
  }

  required(key: string): Token {
    const token = this.#values.get(key);
    if (token === undefined || token.text === '') throw new NotTaken(`${key}= is missing`);
    return token;
  }

  /** yes and no, in any case and as y and n. */
  flag(key: string): boolean | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    if (/^y(?:es)?$/iu.test(text)) return true;
    if (/^no?$/iu.test(text)) return false;
    throw new NotTaken(`${key}=${text} is neither yes nor no`);
  }
}

/** `name = value`, `name= value` and `name =value` as one word each. A value in quotes may be empty. */
function joinAroundEquals(words: readonly Token[]): readonly Token[] {
  const joined: Token[] = [];
  let isUnfinished = false;
  for (const word of words) {
    const last: Token | undefined = joined.at(-1);
    const goesOn: boolean = word.text.startsWith('=')
      ? last?.text.includes('=') === false
      : isUnfinished && !word.text.includes('=');
    const token: Token = last !== undefined && goesOn ? joinTokens(last, word) : word;
    if (token === word) joined.push(word);
    else joined[joined.length - 1] = token;
    isUnfinished = /^[^=]+=$/u.test(token.text) && word.span.length === word.text.length;
  }
  return joined;
}

function joinTokens(first: Token, second: Token): Token {
  const length = second.span.column + second.span.length - first.span.column;
  return { text: first.text + second.text, span: { ...first.span, length } };
}

/** Throws NotTaken where the words are no command that has to do with a policy. */
export function readNetshCommand(words: readonly Token[]): NetshCommand {
  const [first, second, ...rest] = words;
  const { verb, object } = readVerbAndObject(first?.text, second?.text);
  return { verb, object, values: new NetshValues(rest, keysOf(verb, object)) };
}
