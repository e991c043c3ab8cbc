/** xdpol-policy(5) and xdpol-config(5): from the JSON Schemas that the readers use. */
import configSchema from '../../src/formats/yaml/config.schema.json' with { type: 'json' };
import policySchema from '../../src/formats/yaml/policy.schema.json' with { type: 'json' };
import { entry, literal, plain, section, setBold } from './roff.ts';
import type { Page } from './verb-pages.ts';

interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

type Definitions = Readonly<Record<string, Schema>>;

function meaning(schema: Schema): string {
  const { description = '', enum: words, default: unset, examples = [] } = schema;
  const parts = [
    description,
    ...(words === undefined ? [] : [`One of ${words.map(String).join(', ')}.`]),
    ...(unset === undefined ? [] : [`${JSON.stringify(unset)} unless given.`]),
    ...(examples.length === 0 ? [] : [`Example: ${spaceOut(examples[0])}`]),
  ];
  return parts.map(plain).join('\n');
}

/** JSON with spaces, where lines can break. */
function spaceOut(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n */gu, ' ');
}

function keys(schema: Schema): readonly string[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    if (key === '$schema') return [];
    const inner = Object.keys(value.properties ?? {}).length === 0 ? [] : ['.RS', ...keys(value), '.RE'];
    return [entry(`${setBold(key)}${required.has(key) ? ' (required)' : ''}`, meaning(value)), ...inner];
  });
}

function definitionSections(definitions: Definitions): readonly string[] {
  return Object.values(definitions).map((definition) =>
    section(String(definition.title), meaning(definition), ...keys(definition)),
  );
}

function fileSections(schema: Schema & { readonly $defs: Definitions }, example: string): readonly string[] {
  return [
    section('Description', plain(String(schema.description)), '.PP', 'A file in YAML or JSON.'),
    section('Keys', ...keys(schema)),
    ...definitionSections(schema.$defs),
    section('Example', literal(example.trim())),
    section('See also', 'xdpol(8), xdpol\\-check(8)'),
  ];
}

/** `examples` are files of the two kinds. */
export function schemaPages(examples: { readonly policy: string; readonly config: string }): readonly Page[] {
  return [
    {
      head: { name: 'xdpol-policy', number: 5, about: 'a packet-filter policy of xdpol' },
      sections: fileSections(policySchema as never, examples.policy),
    },
    {
      head: { name: 'xdpol-config', number: 5, about: 'the configuration of a host for xdpol' },
      sections: fileSections(configSchema as never, examples.config),
    },
  ];
}
