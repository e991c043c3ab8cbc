/** Is what a verb printed as its published schema says? */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const folder = new URL('../../docs/schemas/', import.meta.url);

/** Every line is an object of the schema. Gives what is wrong, or nothing. */
export function problemsOf(verb: string, output: string): readonly string[] {
  const schema = JSON.parse(readFileSync(new URL(`${verb}.json`, folder), 'utf8')) as object;
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
  const lines = output.split('\n').filter((line) => line !== '');
  if (lines.length === 0) return ['nothing was printed'];
  const texts = verb === 'show' ? [output] : lines;
  return texts.flatMap((text) => {
    validate(JSON.parse(text));
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}: ${text}`);
  });
}
