/**
 * The structure of a policy file: keys, types and fixed words, by the published JSON Schema. What a
 * value means (numbers in bounds, names that exist, one key or another) is left to the readers of
 * those values, which word it better; the keywords for that are in the schema for editors.
 */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { present } from '../../base/assert.ts';
import type { Diagnostics } from '../../base/diagnostics.ts';
import { didYouMean } from '../../base/suggest.ts';
import { findMeantWord } from './other-words.ts';
import type { SourceNode } from './source-tree.ts';
import type { FileKind } from './validators.ts';
import { validatorOf } from './validators.ts';

/** What a schema of ours may say besides the standard's words: `x-expected` is how a message names the value. */
interface Subschema {
  readonly 'x-expected'?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}
type StructureError = ErrorObject<string, Readonly<Record<string, unknown>>> & { readonly parentSchema?: Subschema };

const ACTION_PATH = /^\/rules\/\d+\/action$/u;
const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping',
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
};

/** Reports every departure from the schema at the node that departs. */
export function checkStructure(root: SourceNode, kind: FileKind, diags: Diagnostics): void {
  const validate = validatorOf(kind);
  if (validate(plainValue(root))) return;
  for (const error of (validate.errors ?? []) as StructureError[]) report(error, root, diags);
}

/** The tree as the values that ajv reads. Objects have no prototype: `__proto__` is a key like any other. */
function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of node.entries) object[key] = plainValue(entry.value);
  return object;
}

function report(error: StructureError, root: SourceNode, diags: Diagnostics): void {
  if (/\/(?:anyOf|oneOf)\/\d/u.test(error.schemaPath)) return;
  const node = nodeAt(root, error.instancePath);
  REPORTERS[error.keyword]?.(error, node, diags);
}

type Reporter = (error: StructureError, node: SourceNode, diags: Diagnostics) => void;

/** Keywords without an entry are for editors. */
const REPORTERS: Readonly<Record<string, Reporter>> = {
  additionalProperties: reportUnknownKey,
  required: (error, node, diags) =>
    diags.report('XP0007', node.span, `the key ${String(error.params['missingProperty'])} is missing`),
  minItems: (_, node, diags) => diags.report('XP0009', node.span, 'an empty list', 'leave the key out for any'),
  enum: reportWord,
  type: reportType,
  anyOf: (error, node, diags) => {
    if (node.kind !== 'scalar') reportType(error, node, diags);
  },
};

function nodeAt(root: SourceNode, pointer: string): SourceNode {
  let node = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node.kind === 'list') node = present(node.items[Number(key)]);
    else if (node.kind === 'map') node = present(node.entries.get(key)).value;
  }
  return node;
}

function reportUnknownKey(error: StructureError, node: SourceNode, diags: Diagnostics): void {
  const name = String(error.params['additionalProperty']);
  const token = node.kind === 'map' ? node.entries.get(name)?.key : undefined;
  const allowed = Object.keys(error.parentSchema?.properties ?? {});
  const help = didYouMean(name, allowed) ?? `the keys are ${allowed.filter((key) => !key.startsWith('$')).join(', ')}`;
  diags.report('XP0005', token?.span ?? node.span, `unknown key "${name}"`, help);
}

function reportWord(error: StructureError, node: SourceNode, diags: Diagnostics): void {
  if (ACTION_PATH.test(error.instancePath) && node.kind === 'scalar' && typeof node.value === 'string') return;
  const allowed = (error.params['allowedValues'] as readonly unknown[]).map(String);
  const found = describe(node);
  const word = node.kind === 'scalar' ? node.token.text : '';
  const nearest = truthOf(word) ?? findMeantWord(word, allowed);
  const help = nearest !== undefined && allowed.includes(nearest) ? `did you mean ${nearest}?` : undefined;
  diags.report('XP0008', node.span, `expected ${listWords(allowed)}, found ${found}`, help);
}

/** What other dialects of YAML, and quotes, make of true and false. */
function truthOf(word: string): 'true' | 'false' | undefined {
  if (/^(?:yes|on|true)$/iu.test(word)) return 'true';
  return /^(?:no|off|false)$/iu.test(word) ? 'false' : undefined;
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function reportType(error: StructureError, node: SourceNode, diags: Diagnostics): void {
  const wanted = [error.params['type'] ?? []].flat().map(String);
  const named = wanted.map((type) => TYPE_NAMES[type] ?? type);
  const expected = error.parentSchema?.['x-expected'] ?? listWords(named);
  diags.report('XP0006', node.span, `expected ${expected}, found ${describe(node)}`, typeHelp(error, node, wanted));
}

function typeHelp(error: StructureError, node: SourceNode, wanted: readonly string[]): string | undefined {
  if (node.kind === 'map' && !wanted.includes('object')) {
    const [first] = node.entries.keys();
    return first?.includes(':') ? `quote an IPv6 address that ends in a colon: "${first}:"` : undefined;
  }
  if (node.kind !== 'scalar') return undefined;
  if (node.value === 0 && /\/(?:source|destination)$/u.test(error.instancePath)) {
    return "write me for the host's own addresses";
  }
  if (wanted.includes('boolean')) {
    const truth = truthOf(node.token.text);
    return truth === undefined ? undefined : `write ${truth}, without quotes`;
  }
  if (node.value === null) return wanted.includes('array') ? 'an empty list is written []' : undefined;
  const meansText = wanted.join() === 'string' && error.parentSchema?.['x-expected'] === undefined;
  return meansText ? `quote it: "${node.token.text}"` : undefined;
}

function describe(node: SourceNode): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  if (node.value === null) return 'nothing';
  return typeof node.value === 'string' ? `"${node.value}"` : `the ${typeof node.value} ${node.token.text}`;
}
