/** The parameters of a role, and their values put where the role has `${name}`: in values and in names. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Token } from '../token.ts';
import { entriesOf, nodeOf } from './map-reader.ts';
import type { MapEntry, MapNode, ScalarNode, SourceNode } from './source-tree.ts';

export type ParameterValues = ReadonlyMap<string, SourceNode>;

const PARAMETER = /\$\{(?<name>[A-Za-z_][\w-]*)\}/gu;
const ALONE = /^\$\{(?<name>[A-Za-z_][\w-]*)\}$/u;

/** A value for each parameter of the role that has one; those that are missing, or are none of the role's, are reported. */
export function parameterValues(role: MapNode, include: MapNode, diags: Diagnostics): ParameterValues {
  const declared = entriesOf(nodeOf(role, 'parameters'));
  const given = entriesOf(nodeOf(include, 'with'));
  const path = nodeOf(include, 'role');
  const values = new Map<string, SourceNode>();
  for (const [name, { key, value }] of given) {
    if (declared.has(name)) values.set(name, value);
    else diags.report('XP0314', key.span, `the role has no parameter "${name}"`, helpFor(name, declared.keys()));
  }
  for (const [name, { value }] of declared) {
    if (given.has(name)) continue;
    const preset = value.kind === 'map' ? nodeOf(value, 'default') : undefined;
    if (preset !== undefined) values.set(name, preset);
    else
      diags.report(
        'XP0315',
        path?.span ?? include.span,
        `the role needs a value for "${name}"`,
        `add with: { ${name}: … }`,
      );
  }
  return values;
}

function helpFor(name: string, known: Iterable<string>): string {
  const names = [...known];
  return didYouMean(name, names) ?? (names.length === 0 ? 'it has none' : `it has: ${names.join(', ')}`);
}

/** What the role says with these values. Nodes stay where they are in the role's file. */
export class Substitution {
  readonly #values: ParameterValues;
  readonly #declared: ReadonlySet<string>;
  readonly #diags: Diagnostics;

  /** Parameters that are declared and have no value have been reported. */
  constructor(values: ParameterValues, declared: ReadonlySet<string>, diags: Diagnostics) {
    this.#values = values;
    this.#declared = declared;
    this.#diags = diags;
  }

  /** All of it but its parameters. */
  role(role: MapNode): MapNode {
    const parameters = role.entries.get('parameters');
    const rest = [...role.entries].filter(([key]) => key !== 'parameters');
    const filled = this.#map({ ...role, entries: new Map(rest) });
    if (parameters === undefined) return filled;
    return { ...filled, entries: new Map([...filled.entries, ['parameters', parameters]]) };
  }

  #node(node: SourceNode): SourceNode {
    if (node.kind === 'scalar') return this.#scalar(node);
    if (node.kind === 'list') return { ...node, items: node.items.map((item) => this.#node(item)) };
    return this.#map(node);
  }

  #map(map: MapNode): MapNode {
    const entries = new Map<string, MapEntry>();
    for (const { key, value } of map.entries.values()) {
      const token = this.#token(key);
      const twice = entries.has(token.text);
      if (twice) this.#diags.report('XP0002', key.span, `"${token.text}" is already there`);
      else entries.set(token.text, { key: token, value: this.#node(value) });
    }
    return { ...map, entries };
  }

  #scalar(node: ScalarNode): SourceNode {
    if (typeof node.value !== 'string') return node;
    const alone = ALONE.exec(node.value)?.groups?.['name'];
    const value = alone === undefined ? undefined : this.#value(alone, node.token);
    if (value !== undefined) return moveValue(value, node);
    const token = this.#token(node.token);
    return { ...node, value: token.text, token };
  }

  #token(token: Token): Token {
    if (!token.text.includes('${')) return token;
    const text = token.text.replaceAll(PARAMETER, (whole, name: string) => {
      const value = this.#value(name, token);
      if (value === undefined) return whole;
      if (value.kind === 'scalar') return value.token.text;
      this.#diags.report('XP0317', token.span, `the value of "${name}" is a list, which cannot stand inside text`);
      return whole;
    });
    return { ...token, text };
  }

  #value(name: string, at: Token): SourceNode | undefined {
    const value = this.#values.get(name);
    if (value !== undefined || this.#declared.has(name)) return value;
    const help = helpFor(name, this.#declared);
    return this.#diags.report('XP0314', at.span, `the role does not declare the parameter "${name}"`, help);
  }
}

/** A value as if it had been written in the role. */
function moveValue(value: SourceNode, to: ScalarNode): SourceNode {
  if (value.kind === 'scalar') return { ...value, span: to.span, token: { ...value.token, span: to.token.span } };
  if (value.kind === 'list') return { ...value, span: to.span, items: value.items.map((item) => moveValue(item, to)) };
  return value;
}
