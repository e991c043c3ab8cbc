/** The address at an end of a filter: a word, a prefix, a range, a name, a set, or a list of these. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { AddressMatch, AddressSet, SingleAddress } from '../../policy/model.ts';
import { prefixOfReading, readDnsName, readPrefix, readRange } from '../address-text.ts';
import type { Token } from '../token.ts';
import { liveSetBesideExclusion } from './live-set-reader.ts';
import { itemsOf, nodeOf, textNode } from './map-reader.ts';
import type { SourceNode } from './source-tree.ts';

export interface AddressScope {
  readonly diags: Diagnostics;
  /** Every set by name; undefined where the set itself is broken. */
  readonly sets: ReadonlyMap<string, AddressSet | undefined>;
  readonly usedSets: Set<string>;
}

/** `ADDRESS`, `[ADDRESS, ...]` or `{ addresses: ..., exclude: ... }`. */
export function readAddress(node: SourceNode, scope: AddressScope): AddressMatch | undefined {
  const exclude = node.kind === 'map' ? nodeOf(node, 'exclude') : undefined;
  const members = readMembers(node.kind === 'map' ? nodeOf(node, 'addresses') : node, scope);
  const left = exclude === undefined ? [] : readMembers(exclude, scope);
  if (members === undefined || left === undefined) return undefined;
  if (exclude !== undefined && left.some(({ kind }) => kind === 'any')) {
    return scope.diags.report('XP0218', exclude.span, 'exclude: any leaves no address', 'name what is to be left out');
  }
  const live = exclude === undefined ? undefined : liveSetBesideExclusion(members, left, scope.sets);
  if (exclude !== undefined && live !== undefined) {
    const help = 'write a filter of its own for the live set';
    return scope.diags.report('XP0233', exclude.span, `exclude and the live set $${live} do not go together`, help);
  }
  const [only, second] = members;
  return left.length === 0 && second === undefined ? only : { kind: 'list', members, exclude: left };
}

/** One address, or the addresses of a list; undefined where one of them is broken. */
function readMembers(node: SourceNode | undefined, scope: AddressScope): readonly SingleAddress[] | undefined {
  if (node === undefined) return undefined;
  const items = node.kind === 'list' ? itemsOf(node) : [node];
  const members = items.map((item) => {
    const token = textNode(item)?.token;
    return token === undefined ? undefined : readSingleAddress(token, scope);
  });
  const known = members.filter((member) => member !== undefined);
  return known.length < members.length || known.length === 0 ? undefined : known;
}

const WORDS: ReadonlyMap<string, SingleAddress> = new Map([
  ['*', { kind: 'any' }],
  ['any', { kind: 'any' }],
  ['me', { kind: 'me' }],
  ['local', { kind: 'local' }],
]);

function readSingleAddress(token: Token, scope: AddressScope): SingleAddress | undefined {
  const { diags } = scope;
  const word = WORDS.get(token.text.toLowerCase());
  if (word !== undefined) return word;
  if (token.text === '0') {
    return diags.report('XP0213', token.span, '"0" is an address in filterspecs only', 'write me');
  }
  if (token.text.startsWith('$')) return readSetReference(token, scope);
  const literal = readLiteral(token, diags);
  if (literal !== 'other') return literal;
  const name = readDnsName(token.text);
  if (name === undefined) {
    const help = /[+=]/u.test(token.text) ? 'a filterspec stands alone as an item of the list' : listHelp(token.text);
    return diags.report('XP0201', token.span, `"${token.text}" is neither an address nor a DNS name`, help);
  }
  if (scope.sets.has(token.text)) {
    diags.report('XP0214', token.span, `"${token.text}" is read as a DNS name`, `the set is $${token.text}`);
  }
  return { kind: 'name', name };
}

function listHelp(text: string): string | undefined {
  return text.includes(',') ? `write a list: [${text}]` : undefined;
}

/** A prefix or a range; `other` where the text looks like neither. */
export function readLiteral(token: Token, diags: Diagnostics): SingleAddress | 'other' | undefined {
  const range = readRange(token.text);
  if (range?.kind === 'wrong') return diags.report(range.code, token.span, range.message, range.help);
  if (range !== undefined) return range;
  const reading = readPrefix(token.text);
  if (reading.kind === 'other') return 'other';
  const prefix = prefixOfReading(reading, token, diags, 'refuse');
  return prefix === undefined ? undefined : { kind: 'prefix', prefix };
}

function readSetReference(token: Token, scope: AddressScope): SingleAddress | undefined {
  const name = token.text.slice(1);
  scope.usedSets.add(name);
  if (scope.sets.has(name)) return scope.sets.get(name) === undefined ? undefined : { kind: 'set', name };
  const nearest = didYouMean(
    token.text,
    [...scope.sets.keys()].map((known) => `$${known}`),
  );
  return scope.diags.report('XP0206', token.span, `there is no address set ${name}`, nearest);
}
