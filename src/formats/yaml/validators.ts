/**
 * The published JSON Schemas as functions. Compiling them takes longer than everything else that `check` does, so the
 * build puts generated code with the same export in the place of this module (`scripts/bundle.ts`).
 */
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { present } from '../../base/assert.ts';
import configSchema from './config.schema.json' with { type: 'json' };
import policySchema from './policy.schema.json' with { type: 'json' };
import roleSchema from './role.schema.json' with { type: 'json' };

export type FileKind = 'policy' | 'role' | 'config';

/** Each kind's schema by its id. */
export const SCHEMA_IDS: Readonly<Record<FileKind, string>> = {
  policy: policySchema.$id,
  role: roleSchema.$id,
  config: configSchema.$id,
};

/** With `source` the functions have the text that the build writes. That the schemas are valid ones is a test's business. */
export function schemaCompiler(source: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    meta: false,
    validateSchema: false,
    code: { source, esm: source },
  });
  ajv.addVocabulary(['x-expected']);
  return ajv.addSchema([policySchema, roleSchema, configSchema]);
}

let compiler: Ajv2020 | undefined;

/** Compiled at first use. */
export function validatorOf(kind: FileKind): ValidateFunction {
  compiler ??= schemaCompiler(false);
  return present(compiler.getSchema(SCHEMA_IDS[kind]));
}
