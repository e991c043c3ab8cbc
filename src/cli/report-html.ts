/** The report as one HTML file that asks nothing of any other: style and plots are in it. */

import { GAP_TEXTS, ruleName } from '../api/report-texts.ts';
import type { ReportOutcome } from '../host/evidence/report.ts';
import type { ReportedRule } from '../host/evidence/report-traffic.ts';
import { timeText, windowText } from './render/report.ts';
import { si } from './render/table.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #d8dee4;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{background:#f3f5f7;padding:.8rem;overflow:auto}
svg{width:100%;height:auto}.pass{fill:#2f7d4f}.drop{fill:#b3403a}.note{color:#57606a}
@media(prefers-color-scheme:dark){body{background:#15181c;color:#dde2e8}pre{background:#20252b}th,td{border-color:#343b43}.note{color:#9aa4af}text{fill:#dde2e8}.pass{fill:#56b27d}.drop{fill:#dd6b63}}`;

const WIDTH = 900;
const HEIGHT = 180;
const ROW = 26;
const NAME_WIDTH = 260;

export function reportHtml(report: ReportOutcome): string {
  const body = [
    `<h1>${escapeHtml(report.policy)}</h1><p>Observed from ${escapeHtml(windowText(report))}.</p>`,
    list(
      report.gaps.map(
        ({ kind, from, to }) => `Gap from ${windowText({ since: from, until: to })}: ${GAP_TEXTS[kind]}.`,
      ),
    ),
    list(report.notes.map((note) => `${note}.`)),
    section('Packets an hour', hoursPlot(report)),
    section('Rules by packets', barsPlot(report.topRules) + rulesTable(report.topRules)),
    section('Rules that matched no packet', rulesTable(report.unusedRules)),
    section('Filters that matched no packet, of rules that did', filtersTable(report)),
    section('Permits that few sources use (by samples)', sourcesTable(report)),
    section('Filters that others keep from deciding', list(report.shadowed.map(({ message }) => message))),
    section('Candidates to narrow', report.candidates.map(candidateHtml).join('')),
  ];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>xdpol report: ${escapeHtml(report.policy)}</title><style>${STYLE}</style>`;
  return `<!DOCTYPE html>\n<html lang="en"><head>${head}</head><body>\n${body.join('\n')}\n</body></html>\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function section(title: string, content: string): string {
  return `<h2>${title}</h2>${content === '' ? '<p class="note">none</p>' : content}`;
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`;
}

function htmlTable(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return '';
  const cell = (tag: string, value: string | number): string =>
    `<${tag}${typeof value === 'number' ? ' class="n"' : ''}>${escapeHtml(String(value))}</${tag}>`;
  const head = titles.map((title) => cell('th', title)).join('');
  return `<table><tr>${head}</tr>${rows.map((row) => `<tr>${row.map((value) => cell('td', value)).join('')}</tr>`).join('')}</table>`;
}

function rulesTable(rules: readonly ReportedRule[]): string {
  const titles = ['Rule', 'Action', 'Packets', 'Bytes', 'Last match'];
  return htmlTable(
    titles,
    rules.map((row) => [ruleName(row), row.action, row.packets, si(row.bytes), timeText(row.lastMatch)]),
  );
}

function filtersTable({ unusedFilters }: ReportOutcome): string {
  if (unusedFilters === null) return '<p>Not observed: see the notes.</p>';
  const rows = unusedFilters.map(({ rule, filter, since }) => [rule, filter, timeText(since)]);
  return htmlTable(['Rule', 'Filter', 'Observed since'], rows);
}

function sourcesTable({ fewSources }: ReportOutcome): string {
  const rows = fewSources.map(({ rule, filter, samples, sources }) => [
    rule,
    filter,
    samples,
    sources.map((one) => `${one.address} (${one.samples})`).join(', '),
  ]);
  return htmlTable(['Rule', 'Filter', 'Samples', 'From'], rows);
}

function candidateHtml({ rule, why, edit }: ReportOutcome['candidates'][number]): string {
  const what = edit === null ? '<p>Delete the rule.</p>' : `<pre>${escapeHtml(edit)}</pre>`;
  return `<h3>${escapeHtml(rule)}</h3><p>${escapeHtml(why)}.</p>${what}`;
}

/** Dropped packets stand on those that passed. */
function hoursPlot({ hours }: ReportOutcome): string {
  const most = Math.max(...hours.map(({ pass, drop }) => pass + drop), 0);
  if (most === 0) return '';
  const width = WIDTH / hours.length;
  const bars = hours.map(({ at, pass, drop }, i) => {
    const heights = [pass, drop].map((count) => (HEIGHT * count) / most);
    const [passed = 0, dropped = 0] = heights;
    const x = (i * width).toFixed(1);
    const bar = (kind: string, y: number, height: number): string =>
      `<rect class="${kind}" x="${x}" y="${y.toFixed(1)}" width="${(width * 0.9).toFixed(1)}" height="${height.toFixed(1)}"/>`;
    const title = `<title>${escapeHtml(`${timeText(at)}: ${pass} passed, ${drop} dropped`)}</title>`;
    return `<g>${title}${bar('pass', HEIGHT - passed, passed)}${bar('drop', HEIGHT - passed - dropped, dropped)}</g>`;
  });
  const label = `Packets an hour, at most ${si(most)}`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${bars.join('')}</svg><p class="note">${label}; green passed, red dropped.</p>`;
}

function barsPlot(rules: readonly ReportedRule[]): string {
  const most = rules[0]?.packets ?? 0;
  if (most === 0) return '';
  const bars = rules.map((row, i) => {
    const kind = row.action === 'permit' ? 'pass' : 'drop';
    const width = ((WIDTH - NAME_WIDTH - 80) * row.packets) / most;
    const y = i * ROW;
    const name = `<text x="0" y="${y + 17}" font-size="14">${escapeHtml(ruleName(row).slice(0, 34))}</text>`;
    const bar = `<rect class="${kind}" x="${NAME_WIDTH}" y="${y + 4}" width="${width.toFixed(1)}" height="${ROW - 8}"/>`;
    const count = `<text x="${(NAME_WIDTH + width + 6).toFixed(1)}" y="${y + 17}" font-size="13">${si(row.packets)}</text>`;
    return name + bar + count;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${rules.length * ROW}" role="img" aria-label="Rules by packets">${bars.join('')}</svg>`;
}
