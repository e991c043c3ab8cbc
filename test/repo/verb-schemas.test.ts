/** docs/schemas is what src/cli/verb-schemas.ts says, one file a verb. `vitest -u` rewrites it. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_SCHEMA, VERB_SCHEMAS } from '../../src/cli/verb-schemas.ts';

const root = new URL('../../', import.meta.url);
const all = { ...VERB_SCHEMAS, error: ERROR_SCHEMA };

for (const [verb, schema] of Object.entries(all)) {
  test(`docs/schemas/${verb}.json`, async () => {
    const title = verb === 'error' ? 'any verb without an outcome, with --json' : `xdpol ${verb} --json`;
    const document = { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...schema };
    const path = new URL(`docs/schemas/${verb}.json`, root).pathname;
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(path);
  });
}

test('every verb that has --json has a schema, and no other', () => {
  const folder = new URL('src/cli/commands/', root);
  const verbs = readdirSync(folder)
    .filter((name) => /jsonOption\(\)|'--json'/u.test(readFileSync(new URL(name, folder), 'utf8')))
    .map((name) => name.replace('.ts', ''))
    .flatMap((file) => (file === 'install' ? ['install', 'uninstall'] : [file]));
  expect(Object.keys(VERB_SCHEMAS).sort()).toEqual(verbs.sort());
  expect(readdirSync(new URL('docs/schemas/', root)).sort()).toEqual(
    Object.keys(all)
      .map((verb) => `${verb}.json`)
      .sort(),
  );
});
