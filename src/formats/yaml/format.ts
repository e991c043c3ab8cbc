/**
 * A policy text in the house style: what it says, its comments included, stays the same, and that is verified before
 * the text is handed out. Values are left as written; nothing is resolved, so files of address sets are not read.
 */
import type { CST } from 'yaml';
import { Composer, Document, isAlias, Parser, visit } from 'yaml';
import { Diagnostics, spanOfFile } from '../../base/diagnostics.ts';
import { commentsOf, settleComments } from './comments.ts';
import { formatJson } from './format-json.ts';
import type { OnShare, SourceNode } from './source-tree.ts';
import { readSourceTree } from './source-tree.ts';
import { printStyled, styleDocument } from './style.ts';

export type TextFormat = 'yaml' | 'json';

const MAX_PASSES = 4;

/** The share of the work that is done when the text was read, and when the new text is there. */
const DONE = { read: 0.3, formatted: 0.7 } as const;

export interface FormattedText {
  readonly text: string;
  /** Comments of the original that the new text does not have: JSON has none. */
  readonly lostComments: number;
}

/** The text in style, or undefined where `diags` got an error: the text is no YAML, or would not survive. */
export function formatPolicyText(
  file: string,
  text: string,
  format: TextFormat,
  diags: Diagnostics,
  onShare: OnShare = () => undefined,
): FormattedText | undefined {
  const tree = readSourceTree(file, text, diags, 'policy', (share) => onShare(share * DONE.read));
  if (tree === undefined) return undefined;
  const comments = commentsOf(tokensOf(text));
  const formatted = formatUntilSettled(text, format);
  const kept = formatted === undefined ? [] : commentsOf(tokensOf(formatted));
  onShare(DONE.formatted);
  const again = formatted === undefined ? undefined : readSourceTree(file, formatted, new Diagnostics());
  const sameComments = format === 'json' || sortComments(comments) === sortComments(kept);
  if (formatted === undefined || again === undefined || meaning(again) !== meaning(tree) || !sameComments) {
    const help = 'simplify comments, tags or anchors in unusual places';
    return diags.report('XP0012', spanOfFile(file), `${file} cannot be formatted without a change to it`, help);
  }
  return { text: formatted, lostComments: comments.length - kept.length };
}

function tokensOf(text: string): readonly CST.Token[] {
  return [...new Parser().parse(text.startsWith('\ufeff') ? text.slice(1) : text)];
}

function documentOf(tokens: readonly CST.Token[], text: string): Document | undefined {
  for (const token of tokens) settleComments(token);
  const [document] = [...new Composer().compose(tokens, true, text.length)] as Document[];
  return document;
}

/** The text that formatting leaves as it is: comments in odd places take a second pass. Undefined where there is none. */
function formatUntilSettled(text: string, format: TextFormat): string | undefined {
  let current = text;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const next = printOnce(current, format);
    if (next === undefined || next === current) return next;
    current = next;
  }
  return undefined;
}

/** Undefined where the library refuses to print what it has read, such as an anchor with a control character. */
function printOnce(text: string, format: TextFormat): string | undefined {
  const document = documentOf(tokensOf(text), text);
  if (document === undefined) return undefined;
  try {
    return format === 'json' ? jsonOf(document) : yamlOf(document);
  } catch {
    return undefined;
  }
}

function yamlOf(document: Document): string {
  styleDocument(document, { orderKeys: !hasAliases(document) });
  return printStyled(document);
}

/** JSON has no aliases: what they stand for is written out, and every key can be put into order. */
function jsonOf(document: Document): string {
  const plain = new Document(document.toJS({ mapAsMap: true }), { aliasDuplicateObjects: false });
  styleDocument(plain, { orderKeys: true });
  return formatJson(plain);
}

function hasAliases(document: Document): boolean {
  let found = false;
  visit(document, {
    Node: (_, node) => {
      found ||= isAlias(node);
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function sortComments(comments: readonly string[]): string {
  return JSON.stringify([...comments].sort());
}

/** Equal for trees that say the same, whatever the order of their keys. */
function meaning(node: SourceNode): string {
  if (node.kind === 'scalar') return typeof node.value === 'number' ? String(node.value) : JSON.stringify(node.value);
  if (node.kind === 'list') return `[${node.items.map(meaning).join()}]`;
  const entries = [...node.entries].map(([key, entry]) => `${JSON.stringify(key)}:${meaning(entry.value)}`);
  return `{${entries.sort().join()}}`;
}
