/** Catalogue and documentation name the same codes. `vitest -u` rewrites docs/diagnostics.md. */
import { expect, test } from 'vitest';
import { renderDiagnosticsPage } from '../../scripts/docs-diagnostics.ts';

const root = new URL('../../', import.meta.url);

test('docs/diagnostics.md is the catalogue', async () => {
  await expect(renderDiagnosticsPage()).toMatchFileSnapshot(new URL('docs/diagnostics.md', root).pathname);
});
