/** The address sets of a policy file: lists in place, or files next to it, each with what is to be left out. */
import { assert } from '../../base/assert.ts';
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { AddressSet, SingleAddress } from '../../policy/model.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { PrefixSetBuilder } from '../../policy/prefix-set.ts';
import { parsePrefixes } from '../address-text.ts';
import type { NamedFiles } from '../named-file.ts';
import { nextTo } from '../named-file.ts';
import { readAddressList } from '../sets/list-file.ts';
import type { ListOptions } from '../sets/list-options.ts';
import { LIST_FORMATS } from '../sets/list-options.ts';
import { readLiteral } from './address-reader.ts';
import { checkLiveSets, isLive, readLiveSet } from './live-set-reader.ts';
import { entriesOf, itemsOf, nodeOf, textNode } from './map-reader.ts';
import { isTooLong } from './read-names.ts';
import type { MapEntry, MapNode, SourceNode } from './source-tree.ts';

/** Called now and then while a file is read, with bytes done and bytes in all. */
export type ReadingProgress = (file: string, done: number, total: number) => void;

export interface SetSource {
  /** Of the policy: set files are named relative to it in diagnostics. */
  readonly file: string;
  readonly files: NamedFiles;
  readonly onProgress?: ReadingProgress | undefined;
}

const NO_PREFIXES = new PrefixSetBuilder().build();
const SET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/u;

/** Every set by name; undefined where a set has errors, which have been reported. */
export function readAddressSets(
  node: SourceNode | undefined,
  source: SetSource,
  diags: Diagnostics,
): Map<string, AddressSet | undefined> {
  const sets = new Map<string, AddressSet | undefined>();
  for (const [name, entry] of entriesOf(node)) {
    const mark = diags.all.length;
    const set = readSet(name, entry, source, diags);
    // A filter of a set that is not read matches nothing: without an error the policy would open silently.
    assert(set !== undefined || diags.failedSince(mark) || diags.failed, `set ${name} is neither read nor reported`);
    sets.set(name, set);
  }
  checkLiveSets(sets.values(), diags);
  return sets;
}

function readSet(
  name: string,
  { key, value }: MapEntry,
  source: SetSource,
  diags: Diagnostics,
): AddressSet | undefined {
  const mark = diags.all.length;
  if (!SET_NAME.test(name)) {
    const help = 'use letters, digits, dots, dashes and underscores';
    diags.report('XP0212', key.span, `"${name}" cannot name an address set`, help);
  }
  if (value.kind === 'map' && isLive(value)) {
    // Its members are in a file of its name.
    if (isTooLong(key, 'address set', diags)) return undefined;
    const live = readLiveSet(value, diags);
    listOptions(value, diags);
    readExcluded(nodeOf(value, 'exclude'), diags);
    if (live === undefined || diags.failedSince(mark)) return undefined;
    return { name, prefixes: NO_PREFIXES, exclude: [], live, span: key.span };
  }
  const prefixes = readMembers(value, source, diags);
  const exclude = value.kind === 'map' ? readExcluded(nodeOf(value, 'exclude'), diags) : [];
  if (prefixes === undefined || diags.failedSince(mark)) return undefined;
  if (prefixes.v4.count + prefixes.v6.count === 0) {
    diags.report('XP0211', key.span, `address set ${name} is empty: its filters match nothing`);
  }
  return { name, prefixes, exclude, span: key.span };
}

function readMembers(value: SourceNode, source: SetSource, diags: Diagnostics): PrefixSet | undefined {
  if (value.kind !== 'map') return value.kind === 'list' ? readList(value, diags) : undefined;
  const [addresses, file] = [nodeOf(value, 'addresses'), value.entries.get('file')];
  if (addresses !== undefined && file !== undefined) {
    return diags.report('XP0008', file.key.span, 'a set has addresses or a file, found both', 'make it two sets');
  }
  if (addresses !== undefined) return readList(addresses, diags);
  if (file !== undefined) return readFile(value, source, diags);
  return diags.report('XP0007', value.span, 'a set has addresses or a file, found neither', 'add file: or addresses:');
}

function readList(list: SourceNode, diags: Diagnostics): PrefixSet {
  const builder = new PrefixSetBuilder();
  for (const item of itemsOf(list)) {
    const token = textNode(item)?.token;
    const prefixes = token === undefined ? undefined : parsePrefixes(token, diags);
    for (const prefix of prefixes ?? []) builder.add(prefix);
  }
  return builder.build();
}

const EXCLUDED_WORDS: ReadonlyMap<string, SingleAddress> = new Map([
  ['me', { kind: 'me' }],
  ['local', { kind: 'local' }],
]);

/** Those with errors are reported and left out. */
function readExcluded(node: SourceNode | undefined, diags: Diagnostics): readonly SingleAddress[] {
  const items = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
  const read = items.map((item) => {
    const token = textNode(item)?.token;
    if (token === undefined) return undefined;
    const literal = EXCLUDED_WORDS.get(token.text.toLowerCase()) ?? readLiteral(token, diags);
    if (literal !== 'other') return literal;
    const help = 'write an address, a prefix, a range, me or local';
    return diags.report('XP0218', token.span, `a set cannot leave out "${token.text}"`, help);
  });
  return read.filter((one) => one !== undefined);
}

function readFile(map: MapNode, source: SetSource, diags: Diagnostics): PrefixSet | undefined {
  const path = textNode(nodeOf(map, 'file'));
  if (path === undefined) return undefined;
  const name = path.token.text;
  const bytes = source.files.list(name);
  if (bytes instanceof Uint8Array) {
    const file = nextTo(source.file, name);
    const onProgress = (done: number): void => source.onProgress?.(file, done, bytes.length);
    return readAddressList(file, bytes, listOptions(map, diags), diags, onProgress);
  }
  const { help = 'the path is relative to the policy file' } = bytes;
  return diags.report('XP0208', path.span, `cannot read "${name}": ${bytes.error}`, help);
}

function listOptions(map: MapNode, diags: Diagnostics): ListOptions {
  const format = textNode(nodeOf(map, 'format'))?.token.text;
  const column = nodeOf(map, 'column');
  const number = column?.kind === 'scalar' && typeof column.value === 'number' ? column.value : undefined;
  if (column !== undefined && number !== undefined && (number < 1 || number > 1000)) {
    diags.report('XP0224', column.span, `there is no column ${number}`, 'columns count from 1');
  }
  return {
    format: LIST_FORMATS.find((known) => known === format) ?? 'auto',
    column: number,
    field: textNode(nodeOf(map, 'field'))?.token.text,
  };
}
