/** JSON Schemas in fewer words. */

export type Schema = Readonly<Record<string, unknown>>;

export const TEXT: Schema = { type: 'string' };
export const TRUTH: Schema = { type: 'boolean' };
export const INTEGER: Schema = { type: 'integer' };
export const COUNT: Schema = { type: 'number', minimum: 0 };
export const NAMES: Schema = { type: 'array', items: TEXT, maxItems: 4096 };

export function oneOf(...values: readonly string[]): Schema {
  return { type: 'string', enum: values };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export function allowNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

export function mapOf(values: Schema): Schema {
  return { type: 'object', additionalProperties: values };
}

/** Every property is required but those of `optional`. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties: { ...properties, ...optional },
  };
}

/** Some properties of an object's schema; all of them are required. */
export function selectProperties(schema: Schema, ...names: readonly string[]): Readonly<Record<string, Schema>> {
  const properties = schema['properties'] as Readonly<Record<string, Schema>>;
  return Object.fromEntries(names.map((name) => [name, properties[name] ?? {}]));
}
