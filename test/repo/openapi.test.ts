/** docs/openapi.json and docs/openapi-fleet.json are what the routes say. `vitest -u` rewrites it. */
import { expect, test } from 'vitest';
import { fleetApiDocument, openApiDocument } from '../../src/api/openapi.ts';

const root = new URL('../../', import.meta.url);

for (const [file, document] of [
  ['docs/openapi.json', openApiDocument()],
  ['docs/openapi-fleet.json', fleetApiDocument()],
] as const) {
  test(`${file} is that of the routes`, async () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(new URL(file, root).pathname);
  });
}
