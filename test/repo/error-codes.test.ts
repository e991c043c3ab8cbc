/** Catalogue and documentation name the same error codes. `vitest -u` rewrites docs/errors.md. */
import { expect, test } from 'vitest';
import { renderErrorsPage } from '../../scripts/docs-errors.ts';

const root = new URL('../../', import.meta.url);

test('docs/errors.md is the catalogue', async () => {
  await expect(renderErrorsPage()).toMatchFileSnapshot(new URL('docs/errors.md', root).pathname);
});
