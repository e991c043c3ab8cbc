/** Completion of a policy's text: keys and words of the published schema, and names that the text defines. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import schema from '../../formats/yaml/policy.schema.json';

interface SchemaNode {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly [key: string]: unknown;
}

interface Word {
  readonly text: string;
  readonly about: string | undefined;
}

/** Every key that the schema knows, and the words that may follow it. */
interface Vocabulary {
  readonly keys: ReadonlyMap<string, Word>;
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
}

const DEFINITIONS = (schema as { readonly $defs?: Readonly<Record<string, SchemaNode>> }).$defs ?? {};

function definitionOf(node: SchemaNode): SchemaNode {
  const { $ref: reference } = node;
  return typeof reference === 'string' ? (DEFINITIONS[reference.replace('#/$defs/', '')] ?? node) : node;
}

function wordsOf(node: SchemaNode, depth = 0): readonly string[] {
  const known = definitionOf(node);
  const own = [...(known.enum ?? []), ...(known.const === undefined ? [] : [known.const])].filter(
    (value) => value !== null && typeof value !== 'object',
  );
  const inner = ['oneOf', 'anyOf', 'items'].flatMap((key): readonly SchemaNode[] => {
    const found = known[key] as SchemaNode | readonly SchemaNode[] | undefined;
    return found === undefined ? [] : [found].flat();
  });
  return [...own.map(String), ...(depth > 3 ? [] : inner.flatMap((one) => wordsOf(one, depth + 1)))];
}

function readVocabulary(): Vocabulary {
  const keys = new Map<string, Word>();
  const values = new Map<string, Set<string>>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const one of node) visit(one);
      return;
    }
    for (const [key, property] of Object.entries((node as SchemaNode).properties ?? {})) {
      if (!keys.has(key)) keys.set(key, { text: key, about: definitionOf(property).description });
      const words = values.get(key) ?? new Set();
      for (const word of wordsOf(property)) words.add(word);
      values.set(key, words);
    }
    for (const one of Object.values(node)) visit(one);
  };
  visit(schema);
  return { keys, values };
}

const VOCABULARY = readVocabulary();

function keyCompletion({ text, about }: Word): Completion {
  return { label: text, type: 'property', apply: `${text}: `, ...(about === undefined ? {} : { info: about }) };
}

/** Names below a section, where the text has one key a line: sets, filter lists. */
function namesIn(text: string, section: string): readonly string[] {
  const [, body = ''] = new RegExp(`^${section}:\\n((?:[ ]+.*\\n|\\n)*)`, 'mu').exec(`${text}\n`) ?? [];
  return [...body.matchAll(/^ {2}([^\s:#][^:]*):/gmu)].map(([, name = '']) => name.trim());
}

function valueCompletions(key: string, text: string): readonly Completion[] {
  const words = [...(VOCABULARY.values.get(key) ?? [])].map((label): Completion => ({ label, type: 'keyword' }));
  if (key === 'filterList') return namesIn(text, 'filterLists').map((label) => ({ label, type: 'variable' }));
  if (key !== 'source' && key !== 'destination') return words;
  const sets = namesIn(text, 'addressSets').map((name): Completion => ({ label: `$${name}`, type: 'variable' }));
  return [...['any', 'me', 'local'].map((label): Completion => ({ label, type: 'keyword' })), ...sets];
}

/** Behind a colon the words of the key, elsewhere the keys. */
export function completePolicy(context: CompletionContext): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const value = /([\w]+):\s+\[?(?:[^,\]{}]*,\s*)?([$\w-]*)$/u.exec(before);
  if (value !== null) {
    const [, key = '', typed = ''] = value;
    const options = valueCompletions(key, context.state.doc.toString());
    return options.length === 0 ? null : { from: context.pos - typed.length, options: [...options] };
  }
  const [typed = ''] = /[\w]*$/u.exec(before) ?? [];
  if (typed === '' && !context.explicit) return null;
  if (!/^(?:[\s-]*|.*[{,]\s*)$/u.test(before.slice(0, before.length - typed.length))) return null;
  return { from: context.pos - typed.length, options: [...VOCABULARY.keys.values()].map(keyCompletion) };
}
