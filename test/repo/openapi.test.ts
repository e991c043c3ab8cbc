/** docs/openapi.json is what the routes say. `vitest -u` rewrites it. */
import { expect, test } from 'vitest';
import { openApiDocument } from '../../src/api/openapi.ts';

const root = new URL('../../', import.meta.url);

test('docs/openapi.json is that of the routes', async () => {
  const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(new URL('docs/openapi.json', root).pathname);
});
