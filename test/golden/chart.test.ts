/** Planning charts in, policies or diagnostics out, word for word. `vitest -u` rewrites the .yaml and .txt files. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { renderDiagnostics } from '../../src/cli/render/diagnostics.ts';
import type { ChartPolicy } from '../../src/formats/chart/chart.ts';
import { readChart } from '../../src/formats/chart/chart.ts';
import { classify } from '../../src/policy/classify.ts';
import { NO_ADDRESSES } from '../../src/policy/defaults.ts';
import { parsePacketText } from '../../src/policy/packet/text.ts';
import { printPolicy } from '../../src/formats/yaml/print.ts';
import { meaningOfPolicy, readText } from '../support/read-text.ts';

const folder = new URL('./chart/', import.meta.url);
const article = new URL('../../examples/chart.csv', import.meta.url);

function read(url: URL): { readonly chart: ChartPolicy | undefined; readonly diags: Diagnostics } {
  const diags = new Diagnostics();
  const file = present(url.pathname.split('/').at(-1));
  const chart = readChart({ file, text: readFileSync(url, 'utf8'), name: 'Packet Filter' }, diags);
  return { chart, diags };
}

function printed(url: URL): string {
  const { policy, comments } = present(read(url).chart);
  return printPolicy(policy, comments);
}

test("the article's chart", async () => {
  expect(read(article).diags.all).toEqual([]);
  await expect(printed(article)).toMatchFileSnapshot(new URL('article.yaml', folder).pathname);
});

test("the article's chart as a Markdown table is the same policy", () => {
  const fromMarkdown = printed(new URL('article.md', folder));
  expect(fromMarkdown).toBe(printed(article).replace('chart.csv', 'article.md'));
});

const inputs = readdirSync(folder).filter((name) => name.endsWith('.csv'));

for (const file of inputs) {
  test(`chart ${file}`, async () => {
    const { chart, diags } = read(new URL(file, folder));
    const rendered = renderDiagnostics(diags.all, { color: false });
    await expect(rendered).toMatchFileSnapshot(new URL(file.replace('.csv', '.txt'), folder).pathname);
    expect(chart === undefined).toBe(diags.failed);
    if (chart === undefined) return;
    const text = printPolicy(chart.policy, chart.comments);
    await expect(text).toMatchFileSnapshot(new URL(file.replace('.csv', '.yaml'), folder).pathname);
  });
}

test('a printed chart reads back as the policy it was printed from, without a complaint', () => {
  for (const url of [article, new URL('wide.csv', folder)]) {
    const again = readText(printed(url));
    expect(again.codes).toEqual([]);
    expect(meaningOfPolicy(present(again.policy))).toEqual(meaningOfPolicy(present(read(url).chart).policy));
  }
});

const packets: readonly (readonly [packet: string, rule: string, verdict: 'pass' | 'drop'])[] = [
  ['tcp 203.0.113.9:40000 -> 131.107.1.1:80', 'Web—regular', 'pass'],
  ['tcp 131.107.1.1:443 -> 203.0.113.9:40000 established', 'Web—SSL', 'pass'],
  ['tcp 203.0.113.9:40000 -> 131.107.1.1:22', 'All inbound traffic to 131.107.1.1', 'drop'],
  ['tcp 203.0.113.9:40000 -> 131.107.1.2:80', 'All inbound traffic to 131.107.1.2', 'drop'],
  ['tcp 203.0.113.9:40000 -> 131.107.1.2:25', 'SMTP', 'pass'],
  ['tcp 131.107.1.2:40000 -> 203.0.113.9:25', 'SMTP', 'pass'],
  ['tcp 203.0.113.9:25 -> 131.107.1.2:40000 established', 'SMTP', 'pass'],
  ['tcp 203.0.113.9:25 -> 131.107.1.2:22', 'All inbound traffic to 131.107.1.2', 'drop'],
  ['tcp 131.107.1.1:40000 -> 203.0.113.9:25', 'All inbound traffic to 131.107.1.1', 'drop'],
];
for (const [text, rule, verdict] of packets) {
  test(`the article's chart: ${text}`, () => {
    const packet = present(parsePacketText(text, {}, new Diagnostics()));
    const decision = classify(present(read(article).chart).policy, NO_ADDRESSES, packet);
    expect(decision).toMatchObject({ rule, verdict });
  });
}
