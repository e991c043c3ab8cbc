/**
 * A YAML or JSON text as a tree of plain nodes that know where they stand. Aliases are expanded,
 * within bounds; what policies have no use for (tags, several documents, keys that are not plain) is
 * reported. The text may be hostile: its nesting is measured before anything recursive sees it.
 */
import type { CST, Document, ParsedNode } from 'yaml';
import { Composer, isAlias, isCollection, isMap, isScalar, isSeq, Parser, Scalar } from 'yaml';
import type { Diagnostics, Span } from '../../base/diagnostics.ts';
import { spanOfFile } from '../../base/diagnostics.ts';
import type { Token } from '../token.ts';
import { SourceLines } from './source-lines.ts';

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written; of a string, its value. */
  readonly token: Token;
  readonly span: Span;
}
export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
  readonly span: Span;
}
export interface MapEntry {
  readonly key: Token;
  readonly value: SourceNode;
}
export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly span: Span;
}
export type SourceNode = ScalarNode | ListNode | MapNode;

const MAX_DEPTH = 64;
/** Nodes that aliases may add: a long list used in many places, and no bomb. */
const MAX_ALIASED = 1_000_000;
const QUOTE_HELP = 'text that starts with * must be quoted: "*+131.107.1.1:80:TCP"; for an address write any';

/** What is told of reading: the share that is done, 0 to 1. */
export type OnShare = (share: number) => void;

/** The share of making a tree that is done when the text has become tokens. */
const DONE_TOKENS = 0.6;

/**
 * The tree of the text's one document. Undefined where the text is not YAML, which has been reported. `noun` is what
 * the file holds, in messages.
 */
export function readSourceTree(
  file: string,
  text: string,
  diags: Diagnostics,
  noun: string = 'policy',
  onShare?: OnShare,
): SourceNode | undefined {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const lines = new SourceLines(file, source);
  const parser = new Parser(onShare && ((offset) => onShare((DONE_TOKENS * offset) / source.length)));
  const tokens = [...parser.parse(source)];
  const deep = tokenBeyond(tokens, MAX_DEPTH);
  if (deep !== undefined) {
    return diags.report('XP0004', lines.span(deep, deep + 1), `nested more than ${MAX_DEPTH} levels deep`);
  }
  onShare?.(DONE_TOKENS);
  const documents = [...new Composer().compose(tokens, true, source.length)] as Document.Parsed[];
  onShare?.(1);
  const [document, second] = documents;
  if (second !== undefined) {
    const at = second.range[0];
    return diags.report('XP0003', lines.span(at, at + 3), `a file holds one ${noun}, found a second document`);
  }
  if (document === undefined || document.contents === null) {
    return diags.report('XP0011', spanOfFile(file), `the file holds no ${noun}`);
  }
  const mark = diags.all.length;
  reportSyntax(document, lines, diags);
  const tree = new TreeReader(lines, diags).read(document.contents, 0);
  return diags.failedSince(mark) ? undefined : tree;
}

/** The parser may report one place several times over; the first report says most. */
function reportSyntax(document: Document.Parsed, lines: SourceLines, diags: Diagnostics): void {
  const reported = new Set<number>();
  for (const problem of [...document.errors, ...document.warnings]) {
    if (reported.has(problem.pos[0])) continue;
    reported.add(problem.pos[0]);
    const span = lines.span(problem.pos[0], problem.pos[1]);
    if (problem.code === 'DUPLICATE_KEY') diags.report('XP0002', span, 'this key is already there');
    else if (problem.code === 'BAD_ALIAS') diags.report('XP0001', span, 'an alias without a name', QUOTE_HELP);
    else diags.report('XP0001', span, problem.message.charAt(0).toLowerCase() + problem.message.slice(1));
  }
}

/** The offset of the first token nested deeper than `limit`, found without recursion. */
function tokenBeyond(tokens: readonly CST.Token[], limit: number): number | undefined {
  const pending: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > limit) return token.offset;
    if (token.type === 'document' && token.value !== undefined) pending.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const item of token.items) {
      for (const child of [item.key, item.value]) {
        if (child !== undefined && child !== null) pending.push({ token: child, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

class TreeReader {
  readonly #lines: SourceLines;
  readonly #diags: Diagnostics;
  readonly #anchors = new Map<string, ParsedNode>();
  /** Aliases being expanded, outermost first. */
  readonly #open = new Set<ParsedNode>();
  #aliased = 0;

  constructor(lines: SourceLines, diags: Diagnostics) {
    this.#lines = lines;
    this.#diags = diags;
  }

  read(node: ParsedNode | null, offset: number): SourceNode {
    if (node === null) return this.#nothing(offset);
    if (isAlias(node)) return this.#readAlias(node);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (this.#open.size > 0) this.#aliased++;
    if (isScalar(node)) return this.#readScalar(node);
    const [start, end] = node.range;
    const span = this.#lines.span(start, end);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item as ParsedNode | null, start));
      return { kind: 'list', items, span };
    }
    return { kind: 'map', entries: this.#readEntries(node), span };
  }

  #readEntries(node: ParsedNode): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    if (!isMap(node)) return entries;
    for (const pair of node.items) {
      const key = this.read(pair.key as ParsedNode | null, node.range?.[0] ?? 0);
      if (key.kind !== 'scalar') {
        const help = 'quote text that holds brackets or braces';
        this.#diags.report('XP0001', key.span, 'a key is plain text', help);
        continue;
      }
      entries.set(key.token.text, {
        key: key.token,
        value: this.#readValue(pair.value as ParsedNode | null, key),
      });
    }
    return entries;
  }

  /** Where nothing follows the key, the key is what can be pointed at. */
  #readValue(node: ParsedNode | null, key: ScalarNode): SourceNode {
    const value = this.read(node, 0);
    const written = node !== null && (isAlias(node) || isCollection(node) || node.range[1] > node.range[0]);
    return written ? value : { ...value, span: key.span };
  }

  #nothing(offset: number): ScalarNode {
    const span = this.#lines.span(offset, offset + 1);
    return { kind: 'scalar', value: null, token: { text: '', span }, span };
  }

  #readScalar(node: Scalar.Parsed): ScalarNode {
    const [start, end] = node.range;
    const span = this.#lines.span(start, end);
    if (typeof node.value !== 'string') {
      const value = typeof node.value === 'number' || typeof node.value === 'boolean' ? node.value : null;
      return {
        kind: 'scalar',
        value,
        token: { text: node.source, span },
        span,
      };
    }
    const quoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE ? 1 : 0;
    const literal = node.value !== '' && this.#lines.text.slice(start + quoted, end - quoted) === node.value;
    const inner = literal ? this.#lines.span(start + quoted, end - quoted) : span;
    return {
      kind: 'scalar',
      value: node.value,
      token: { text: node.value, span: inner },
      span,
    };
  }

  #readAlias(node: ParsedNode & { readonly source: string }): SourceNode {
    const [start, end] = node.range;
    const span = this.#lines.span(start, end);
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      const help = /[+=.]/u.test(node.source) ? QUOTE_HELP : undefined;
      if (node.source !== '') this.#diags.report('XP0001', span, `nothing is anchored as &${node.source}`, help);
    } else if (this.#open.has(target)) {
      this.#diags.report('XP0004', span, `*${node.source} stands inside of &${node.source}: it expands without end`);
    } else if (this.#aliased > MAX_ALIASED) {
      const message = `up to *${node.source}, aliases add more than ${MAX_ALIASED} values to the text`;
      this.#diags.report('XP0004', span, message, 'write addresses as an address set, and name it with $');
    } else {
      this.#open.add(target);
      const value = this.read(target, start);
      this.#open.delete(target);
      return { ...value, span };
    }
    return { kind: 'scalar', value: null, token: { text: '', span }, span };
  }
}
