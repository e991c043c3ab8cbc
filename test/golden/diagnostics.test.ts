/** Policies in, diagnostics out, word for word. `vitest -u` rewrites the .txt files. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { renderDiagnostics } from '../../src/cli/render/diagnostics.ts';
import { readPolicy } from '../../src/formats/yaml/policy-reader.ts';

const folder = new URL('./diagnostics/', import.meta.url);

function readSetFile(path: string): Uint8Array | { readonly error: string } {
  try {
    return readFileSync(new URL(path, folder));
  } catch {
    return { error: 'no such file or directory' };
  }
}

const inputs = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

test('there are inputs', () => expect(inputs.length).toBeGreaterThan(4));

for (const file of inputs) {
  test(`diagnostics of ${file}`, async () => {
    const diags = new Diagnostics();
    readPolicy({ file, text: readFileSync(new URL(file, folder), 'utf8'), readSetFile }, diags);
    const rendered = renderDiagnostics(diags.all, { color: false });
    await expect(rendered).toMatchFileSnapshot(new URL(file.replace('.yaml', '.txt'), folder).pathname);
  });
}
