import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { FILTER_KEYS } from '../../../../src/formats/filter-check.ts';
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

function resolved(node: Node): Node {
  const name = typeof node['$ref'] === 'string' ? node['$ref'].replace('#/$defs/', '') : undefined;
  return name === undefined ? node : { ...(schema.$defs as Record<string, Node>)[name], ...node };
}

test('the schema is a valid one', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  ajv.addVocabulary(['x-expected']);
  expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
  expect(() => ajv.compile(schema)).not.toThrow();
});

test('every value has a title, a description and an example that is valid', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  ajv.addVocabulary(['x-expected']);
  const seen = [...described(schema, '')];
  expect(seen.length).toBeGreaterThan(25);
  for (const [path, node] of seen) {
    const whole = resolved(node);
    expect(whole['title'], path).toBeTypeOf('string');
    expect(whole['description'], path).toBeTypeOf('string');
    const examples = whole['examples'] as readonly unknown[] | undefined;
    expect(examples?.length ?? 0, path).toBeGreaterThan(0);
    const validate = ajv.compile({ ...whole, $defs: schema.$defs });
    for (const example of examples ?? []) expect(validate(example), `${path} ${JSON.stringify(example)}`).toBe(true);
  }
});

test('the words of the schema are those of the model', () => {
  expect(schema.$defs.exemption.enum).toEqual([...EXEMPTIONS]);
  expect(Object.keys(schema.$defs.filter.properties)).toEqual([...FILTER_KEYS]);
  expect(schema.$defs.filter.properties.protocol.anyOf[0]?.enum?.toSorted()).toEqual(
    ['any', ...Object.keys(PROTOCOLS)].sort(),
  );
});
