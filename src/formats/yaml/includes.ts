/**
 * Roles: files of filter lists and rules that a policy includes, with parameters for what differs from host to host. They
 * are put into the policy's tree before it is read, so that what they say means what it would mean there.
 */
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { NamedFiles } from '../named-file.ts';
import { nextTo } from '../named-file.ts';
import { checkStructure } from './check-structure.ts';
import { entriesOf, itemsOf, nodeOf, textNode } from './map-reader.ts';
import { parameterValues, Substitution } from './parameters.ts';
import type { MapEntry, MapNode, SourceNode } from './source-tree.ts';
import { readSourceTree } from './source-tree.ts';

export interface RoleSource {
  /** Of the policy: role files are named relative to it in diagnostics. */
  readonly file: string;
  readonly files: NamedFiles;
}

/** Files read for one policy, in all: a role that includes twice what includes twice grows fast. */
const MAX_ROLES = 200;

/** The policy with its roles' filter lists and rules before its own. */
export function withRoles(root: MapNode, source: RoleSource, diags: Diagnostics): MapNode {
  if (!root.entries.has('include')) return root;
  const reader = new RoleReader(source, diags);
  const { lists, rules } = reader.read(root, '', []);
  const entries = new Map(root.entries);
  const put = (key: string, value: SourceNode): void => {
    const at = root.entries.get(key)?.key ?? { text: key, span: root.span };
    entries.set(key, { key: at, value });
  };
  const [ownLists, ownRules] = [nodeOf(root, 'filterLists'), nodeOf(root, 'rules')];
  if (lists.size > 0) put('filterLists', { kind: 'map', entries: lists, span: ownLists?.span ?? root.span });
  if (rules.length > 0) put('rules', { kind: 'list', items: rules, span: ownRules?.span ?? root.span });
  return { ...root, entries };
}

const TWICE_HELP = 'a role that is included twice has a parameter in the names of its lists and rules';

interface Parts {
  readonly lists: ReadonlyMap<string, MapEntry>;
  readonly rules: readonly SourceNode[];
}

class RoleReader {
  readonly #source: RoleSource;
  readonly #diags: Diagnostics;
  #count = 0;

  constructor(source: RoleSource, diags: Diagnostics) {
    this.#source = source;
    this.#diags = diags;
  }

  /** The lists and rules of a file and of all it includes. `folder` is its own, `open` the roles being read. */
  read(map: MapNode, folder: string, open: readonly string[]): Parts {
    const lists = new Map<string, MapEntry>();
    const rules: SourceNode[] = [];
    for (const include of itemsOf(nodeOf(map, 'include'))) {
      const parts = include.kind === 'map' ? this.#include(include, folder, open) : undefined;
      if (parts === undefined) continue;
      this.#addLists(lists, parts.lists);
      rules.push(...parts.rules);
    }
    this.#addLists(lists, entriesOf(nodeOf(map, 'filterLists')));
    rules.push(...itemsOf(nodeOf(map, 'rules')));
    return { lists, rules };
  }

  #addLists(lists: Map<string, MapEntry>, more: ReadonlyMap<string, MapEntry>): void {
    for (const [name, entry] of more) {
      const other = lists.get(name)?.key.span;
      if (other === undefined) lists.set(name, entry);
      else {
        const message = `another filter list (${other.file}, line ${other.line}) is named "${name}"`;
        this.#diags.report('XP0316', entry.key.span, message, TWICE_HELP);
      }
    }
  }

  #include(include: MapNode, folder: string, open: readonly string[]): Parts | undefined {
    const at = textNode(nodeOf(include, 'role'));
    if (at === undefined) return undefined;
    const path = joinPath(folder, at.token.text);
    if (open.includes(path) || this.#count++ >= MAX_ROLES) {
      const way = [...open, path].join(' includes ');
      const message = open.includes(path) ? `a role includes itself: ${way}` : `more than ${MAX_ROLES} roles`;
      return this.#diags.report('XP0313', at.span, message);
    }
    const role = this.#readRole(path, at.span);
    if (role === undefined) return undefined;
    const mark = this.#diags.all.length;
    const values = parameterValues(role, include, this.#diags);
    const declared = new Set(entriesOf(nodeOf(role, 'parameters')).keys());
    const filled = new Substitution(values, declared, this.#diags).role(role);
    if (this.#diags.failedSince(mark)) return undefined;
    checkStructure(filled, 'role', this.#diags);
    return this.read(filled, folderOf(path), [...open, path]);
  }

  #readRole(path: string, span: MapNode['span']): MapNode | undefined {
    const text = this.#source.files.text(path);
    if (typeof text !== 'string') {
      const help = 'the path is relative to the file that includes it';
      return this.#diags.report('XP0312', span, `cannot read the role "${path}": ${text.error}`, help);
    }
    const tree = readSourceTree(nextTo(this.#source.file, path), text, this.#diags);
    if (tree === undefined) return undefined;
    if (tree.kind === 'map') return tree;
    checkStructure(tree, 'role', this.#diags);
    return undefined;
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** One spelling for each path, so that a role that includes itself is known again. */
function joinPath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of nextTo(folder, path).split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
