/** The address sets of a policy file: lists in place, or files next to it. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { AddressSet } from '../../policy/model.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { PrefixSetBuilder } from '../../policy/prefix-set.ts';
import { parsePrefix } from '../address-text.ts';
import { readAddressSetFile } from '../sets/address-set-file.ts';
import { entriesOf, itemsOf, nodeOf, textNode } from './map-reader.ts';
import type { MapEntry, SourceNode } from './source-tree.ts';

/** The content of a file named by a policy, or why there is none. Its argument is the path as the policy has it. */
export type ReadSetFile = (relativePath: string) => string | Uint8Array | { readonly error: string };

/** Called now and then while a file is read, with bytes done and bytes in all. */
export type ReadingProgress = (file: string, done: number, total: number) => void;

export interface SetSource {
  /** Of the policy: set files are named relative to it in diagnostics. */
  readonly file: string;
  readonly readSetFile: ReadSetFile;
  readonly onProgress?: ReadingProgress;
}

const SET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/u;

/** Every set by name; undefined where a set has errors, which have been reported. */
export function readAddressSets(
  node: SourceNode | undefined,
  source: SetSource,
  diags: Diagnostics,
): Map<string, AddressSet | undefined> {
  const sets = new Map<string, AddressSet | undefined>();
  for (const [name, entry] of entriesOf(node)) sets.set(name, readSet(name, entry, source, diags));
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
  const prefixes = value.kind === 'list' ? readList(value, diags) : readFile(value, source, diags);
  if (prefixes === undefined || diags.failedSince(mark)) return undefined;
  if (prefixes.v4.count + prefixes.v6.count === 0) {
    diags.report('XP0211', key.span, `address set ${name} is empty: its filters match nothing`);
  }
  return { name, prefixes, span: key.span };
}

function readList(list: SourceNode, diags: Diagnostics): PrefixSet | undefined {
  const builder = new PrefixSetBuilder();
  for (const item of itemsOf(list)) {
    const token = textNode(item)?.token;
    if (token === undefined) continue;
    const prefix = parsePrefix(token, diags, 'refuse');
    if (prefix !== undefined) builder.add(prefix);
  }
  return builder.build();
}

function readFile(node: SourceNode, source: SetSource, diags: Diagnostics): PrefixSet | undefined {
  const path = node.kind === 'map' ? textNode(nodeOf(node, 'file')) : undefined;
  if (path === undefined) return undefined;
  const name = path.token.text;
  const content = name === '' ? { error: 'the path is empty' } : source.readSetFile(name);
  if (typeof content === 'string' || content instanceof Uint8Array) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const file = nextTo(source.file, name);
    return readAddressSetFile(file, bytes, diags, (done) => source.onProgress?.(file, done, bytes.length));
  }
  const help = 'the path is relative to the policy file';
  return diags.report('XP0208', path.span, `cannot read "${name}": ${content.error}`, help);
}

/** `name` as seen from where `file` was named. */
function nextTo(file: string, name: string): string {
  return name.startsWith('/') ? name : file.slice(0, file.lastIndexOf('/') + 1) + name;
}
