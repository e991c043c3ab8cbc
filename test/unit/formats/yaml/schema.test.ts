import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { FILTER_KEYS } from '../../../../src/formats/filter-check.ts';
import configSchema from '../../../../src/formats/yaml/config.schema.json' with { type: 'json' };
import schema from '../../../../src/formats/yaml/policy.schema.json' with { type: 'json' };
import { EXEMPTIONS, PROTOCOLS } from '../../../../src/policy/model.ts';

type Node = Readonly<Record<string, unknown>>;

/** Every subschema that describes a value: properties, definitions, items. */
function* described(node: Node, path: string): Generator<readonly [path: string, node: Node]> {
  for (const group of ['properties', '$defs']) {
    for (const [name, child] of Object.entries((node[group] ?? {}) as Record<string, Node>)) {
      yield [`${path}/${name}`, child];
      yield* described(child, `${path}/${name}`);
    }
  }
  const items = node['items'] as Node | undefined;
  if (items !== undefined) {
    yield [`${path}/items`, items];
    yield* described(items, `${path}/items`);
  }
}

interface Schema {
  readonly $defs: Readonly<Record<string, unknown>>;
}

/** What a value is described by, in the schema itself or in that of the policy. */
function resolved(node: Node, { $defs }: Schema): Node {
  const reference = typeof node['$ref'] === 'string' ? node['$ref'].split('#/$defs/') : [];
  const name = reference[1];
  if (name === undefined) return node;
  const found = reference[0] === '' ? $defs[name] : (schema.$defs as Readonly<Record<string, unknown>>)[name];
  return { ...(found as Node), ...node };
}

function ajvForSchemas(): Ajv2020 {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  ajv.addVocabulary(['x-expected']);
  ajv.addSchema(schema);
  return ajv;
}

for (const [name, one, least] of [
  ['policy', schema, 25],
  ['configuration', configSchema, 10],
] as const) {
  test(`the schema of the ${name} is a valid one`, () => {
    const ajv = new Ajv2020({ allowUnionTypes: true });
    ajv.addVocabulary(['x-expected']);
    if (one !== schema) ajv.addSchema(schema);
    expect(ajv.validateSchema(one), JSON.stringify(ajv.errors)).toBe(true);
    expect(() => ajv.compile(one)).not.toThrow();
  });

  test(`every value of the ${name} has a title, a description and an example that is valid`, () => {
    const ajv = ajvForSchemas();
    const seen = [...described(one, '')];
    expect(seen.length).toBeGreaterThan(least);
    for (const [i, [path, node]] of seen.entries()) {
      const whole = resolved(node, one);
      expect(whole['title'], path).toBeTypeOf('string');
      expect(whole['description'], path).toBeTypeOf('string');
      const examples = whole['examples'] as readonly unknown[] | undefined;
      expect(examples?.length ?? 0, path).toBeGreaterThan(0);
      const $id = `https://xdpol.invalid/value-${i}.json`;
      const validate = ajv.compile({ ...whole, $id, $defs: { ...schema.$defs, ...one.$defs } });
      for (const example of examples ?? []) expect(validate(example), `${path} ${JSON.stringify(example)}`).toBe(true);
    }
  });
}

test('the words of the schema are those of the model', () => {
  expect(schema.$defs.exemption.enum).toEqual([...EXEMPTIONS]);
  expect(Object.keys(schema.$defs.filter.properties)).toEqual([...FILTER_KEYS]);
  expect(schema.$defs.filter.properties.protocol.anyOf[0]?.enum?.toSorted()).toEqual(
    ['any', ...Object.keys(PROTOCOLS)].sort(),
  );
});
