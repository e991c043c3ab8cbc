/** What the observed traffic says of the policy, for people. */
import { GAP_TEXTS, ruleName } from '../../api/report-texts.ts';
import { formatDuration } from '../../base/duration.ts';
import type { ReportOutcome } from '../../host/evidence/report.ts';
import type { ReportedRule } from '../../host/evidence/report-traffic.ts';
import { si, table } from './table.ts';

/** Of a list in the text; the JSON has all of them. */
const SHOWN = 20;

export function timeText(time: string | null): string {
  return time === null ? 'never' : time.replace('T', ' ').replace(/\.\d+Z$/u, ' UTC');
}

export function windowText({ since, until }: Pick<ReportOutcome, 'since' | 'until'>): string {
  const seconds = (Date.parse(until) - Date.parse(since)) / 1000;
  return `${timeText(since)} to ${timeText(until)} (${formatDuration(seconds)})`;
}

export function renderReport(report: ReportOutcome): string {
  return [
    `Policy ${report.policy}, observed from ${windowText(report)}`,
    ...gapLines(report),
    ...report.notes.map((note) => `note: ${note}`),
    '',
    ...section('Rules by packets', topLines(report)),
    ...section('Rules that matched no packet', shorten(report.unusedRules.map(unusedLine))),
    ...section('Filters that matched no packet, of rules that did', filterLines(report)),
    ...section('Permits that few sources use (by samples)', shorten(report.fewSources.map(sourcesLine))),
    ...section('Filters that others keep from deciding', shorten(report.shadowed.map(({ message }) => message))),
    ...section('Candidates to narrow', report.candidates.flatMap(candidateLines)),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return [title, ...(lines.length === 0 ? ['  none'] : lines.map((line) => (line === '' ? '' : `  ${line}`))), ''];
}

function shorten(lines: readonly string[]): readonly string[] {
  return lines.length <= SHOWN
    ? lines
    : [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more: --json has them`];
}

function gapLines({ gaps, gapsLeftOut }: ReportOutcome): readonly string[] {
  if (gaps.length + gapsLeftOut === 0) return ['no gaps'];
  const shown = gaps.map(({ kind, from, to }) => `gap: ${windowText({ since: from, until: to })}: ${GAP_TEXTS[kind]}`);
  return gapsLeftOut === 0 ? shown : [...shown, `and ${gapsLeftOut} gaps before them`];
}

function topLines({ topRules, rules }: ReportOutcome): readonly string[] {
  const all = rules.reduce((sum, { packets }) => sum + packets, 0);
  if (topRules.length === 0) return [];
  const columns = [
    { title: 'RULE' },
    { title: 'ACTION' },
    { title: 'PACKETS', right: true },
    { title: 'SHARE', right: true },
    { title: 'BYTES', right: true },
    { title: 'LAST MATCH' },
  ];
  const rows = topRules.map((row) => {
    const share = `${((100 * row.packets) / all).toFixed(1)} %`;
    return [ruleName(row), row.action, String(row.packets), share, si(row.bytes), timeText(row.lastMatch)];
  });
  return table(columns, rows).trimEnd().split('\n');
}

function unusedLine(row: ReportedRule): string {
  return `${ruleName(row)} (${row.action}), last match ${timeText(row.lastMatch)}`;
}

function filterLines({ unusedFilters }: ReportOutcome): readonly string[] {
  if (unusedFilters === null) return ['not observed: see the notes'];
  return shorten(
    unusedFilters.map(({ rule, filter, since }) => `${rule}: ${filter}, observed since ${timeText(since)}`),
  );
}

function sourcesLine({ rule, filter, samples, sources }: ReportOutcome['fewSources'][number]): string {
  const from = sources.map((one) => `${one.address} (${one.samples})`).join(', ');
  return `${rule}: ${filter}: ${samples} samples from ${from}`;
}

function candidateLines({ rule, why, edit }: ReportOutcome['candidates'][number]): readonly string[] {
  if (edit === null) return [`${rule}: ${why}: delete the rule`, ''];
  return [
    `${rule}: ${why}; in its place:`,
    ...edit
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ];
}
