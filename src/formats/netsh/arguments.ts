/** `verb object key=value ...` of netsh ipsec static. */
import { didYouMean } from '../../base/suggest.ts';
import type { Token } from '../token.ts';
import { partOf } from '../token.ts';
import { NotTaken } from './not-taken.ts';

const OBJECTS = ['policy', 'filterlist', 'filter', 'filteraction', 'rule'] as const;
export type NetshObject = (typeof OBJECTS)[number];
const VERBS = ['add', 'set', 'delete'] as const;
export type NetshVerb = (typeof VERBS)[number];

/** Those that have no effect on permits and blocks too. */
const KEYS: Readonly<Record<NetshObject, readonly string[]>> = {
  policy: [
    ...['name', 'newname', 'description', 'assign', 'activatedefaultrule', 'pollinginterval', 'gponame'],
    ...['mmpfs', 'qmpermm', 'mmlifetime', 'mmsecmethods'],
  ],
  filterlist: ['name', 'newname', 'description'],
  filter: [
    ...['filterlist', 'srcaddr', 'srcmask', 'srcport', 'dstaddr', 'dstmask', 'dstport'],
    ...['protocol', 'mirrored', 'description'],
  ],
  filteraction: ['name', 'newname', 'description', 'action', 'inpass', 'soft', 'qmpfs', 'qmsecmethods'],
  rule: [
    ...['name', 'newname', 'policy', 'filterlist', 'filteraction', 'conntype', 'activate', 'tunnel', 'description'],
    ...['kerberos', 'psk', 'rootca'],
  ],
};

export interface NetshCommand {
  readonly verb: NetshVerb;
  readonly object: NetshObject;
  readonly values: NetshValues;
}

/** Keys are in any case. */
export class NetshValues {
  readonly #values = new Map<string, Token>();
  readonly isAll: boolean;

  constructor(words: readonly Token[], keys: readonly string[]) {
    this.isAll = words[0]?.text.toLowerCase() === 'all';
    for (const word of this.isAll ? words.slice(1) : words) {
      const at = word.text.indexOf('=');
      if (at < 1) throw new NotTaken(`"${word.text}" is not KEY=VALUE`);
      const key = word.text.slice(0, at).toLowerCase();
      if (!keys.includes(key)) throw new NotTaken(`unknown key "${key}": ${didYouMean(key, keys) ?? keys.join(', ')}`);
      if (this.#values.has(key)) throw new NotTaken(`${key} is given twice`);
      this.#values.set(key, partOf(word, at + 1, word.text.length));
    }
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

/** Throws NotTaken where the words are no command that has to do with a policy. */
export function readNetshCommand(words: readonly Token[]): NetshCommand {
  const [first, second, ...rest] = words;
  const verb = VERBS.find((known) => known === first?.text.toLowerCase());
  const object = OBJECTS.find((known) => known === second?.text.toLowerCase());
  if (verb === undefined || object === undefined) {
    throw new NotTaken(
      `"${[first, second]
        .map((word) => word?.text ?? '')
        .join(' ')
        .trim()}" makes no part of a policy`,
    );
  }
  return { verb, object, values: new NetshValues(rest, KEYS[object]) };
}
