/** Scripts in, policies and reports out, word for word. `vitest -u` rewrites the .yaml and .txt files. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { renderDiagnostics } from '../../src/cli/render/diagnostics.ts';
import { readScript } from '../../src/formats/netsh/script.ts';
import { printPolicy } from '../../src/formats/yaml/print.ts';
import { readText } from '../support/read-text.ts';

const folder = new URL('./netsh/', import.meta.url);
const inputs = readdirSync(folder).filter((name) => name.endsWith('.cmd'));

test('there are inputs', () => expect(inputs.length).toBeGreaterThan(0));

for (const file of inputs) {
  test(`import of ${file}`, async () => {
    const diags = new Diagnostics();
    const source = { file, text: readFileSync(new URL(file, folder), 'utf8'), name: undefined };
    const { policy, comments } = present(readScript(source, diags));
    const printed = printPolicy(policy, comments);
    const output = (extension: string): string => new URL(file.replace('.cmd', extension), folder).pathname;
    await expect(printed).toMatchFileSnapshot(output('.yaml'));
    await expect(renderDiagnostics(diags.all, { color: false })).toMatchFileSnapshot(output('.txt'));
    expect(readText(printed).codes).toEqual([]);
  });
}
