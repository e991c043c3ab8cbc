/** The report: one HTML file without anything to fetch, readable in light and dark. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentText } from '../../src/measure/environment.ts';
import type { Figure, Section } from '../figure.ts';
import { SECTIONS } from '../figure.ts';
import type { Report } from '../report.ts';
import type { Plot } from './plots.ts';
import { plots } from './plots.ts';
import { titleOf, valueText } from './text.ts';

const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1a1a1a; --line: #8884;
  --series-0: #0072b2; --series-1: #d55e00; --series-2: #009e73; --series-3: #9b4f96;
  --series-4: #a6761d; --series-5: #3c8dbc; --series-6: #666; --series-7: #b8336a }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --text: #e4e4e4;
  --series-0: #56b4e9; --series-1: #f08c4b; --series-2: #2fc89a; --series-3: #cc79a7;
  --series-4: #e6c229; --series-5: #8fb8de; --series-6: #aaa; --series-7: #ff7aa2 } }
body { background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
figure { margin: 2rem 0 } figcaption, .environment { opacity: .8 } svg { max-width: 100%; height: auto }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap }
td.number { text-align: right }`;

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function plotHtml({ title, caption, svg }: Plot): string {
  return `<figure><h2>${escapeText(title)}</h2>${svg}<figcaption>${escapeText(caption)}</figcaption></figure>`;
}

const HEADS = ['policy', 'size', 'traffic', 'with', 'quantity', 'median (quartiles)', 'unit', 'over', 'rounds', 'note'];

function rowHtml(figure: Figure): string {
  const { policy, size, traffic, subject, quantity, unit, baseline, rounds, note } = figure;
  const words = [policy, String(size), traffic, subject, quantity].map((word) => `<td>${escapeText(word)}</td>`);
  const rest = [unit, baseline, String(rounds), note].map((word) => `<td>${escapeText(word)}</td>`);
  return `<tr>${words.join('')}<td class="number">${escapeText(valueText(figure))}</td>${rest.join('')}</tr>`;
}

function sectionHtml(section: Section, figures: readonly Figure[]): string {
  const own = figures.filter((figure) => figure.section === section);
  if (own.length === 0) return '';
  const head = HEADS.map((word) => `<th>${word}</th>`).join('');
  const body = own.map(rowHtml).join('\n');
  return `<h2>${escapeText(titleOf(section))}</h2>\n<div class="wide"><table><tr>${head}</tr>\n${body}</table></div>`;
}

export async function html({ environment, figures }: Report): Promise<string> {
  const drawn = await plots(figures);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>xdpol bench</title><style>${STYLE}</style>
<h1>xdpol bench</h1>
<p class="environment">${escapeText(environment.date)}: ${escapeText(environmentText(environment))}</p>
${drawn.map(plotHtml).join('\n')}
${SECTIONS.map((section) => sectionHtml(section, figures)).join('\n')}
</html>
`;
}

/** Returns the file. */
export async function writeReport(directory: string, report: Report): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'index.html');
  writeFileSync(file, await html(report));
  return file;
}
