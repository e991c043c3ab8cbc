import { describe, expect, test } from 'vitest';
import type { Figure } from '../../bench/figure.ts';
import { csv } from '../../bench/render/csv.ts';
import { html } from '../../bench/render/html.ts';
import { sectionText } from '../../bench/render/text.ts';
import type { Report } from '../../bench/report.ts';

const spread = { median: 23.25, low: 23, high: 24 };
const about = {
  section: 'dataplane',
  traffic: 'permitted',
  quantity: 'over bare',
  unit: 'ns',
  baseline: 'bare',
} as const;

const FIGURES: readonly Figure[] = [
  { ...about, policy: 'list-10', size: 10, subject: 'xdpol', spread, rounds: 5, note: '' },
  {
    ...about,
    policy: 'list-1k',
    size: 1000,
    subject: 'xdpol',
    spread: { median: 30, low: 29, high: 31 },
    rounds: 5,
    note: '',
  },
  { ...about, policy: 'list-1k', size: 1000, subject: 'a peer', rounds: 0, note: 'says "no", <b>& more</b>' },
  {
    section: 'live',
    policy: 'ports',
    size: 3,
    traffic: 'blocked',
    subject: 'xdpol',
    quantity: 'rate, 1 CPU',
    unit: 'Mpps',
    baseline: '',
    spread: { median: 4.5, low: 4.25, high: 4.75 },
    rounds: 3,
    note: '',
  },
];

const REPORT: Report = {
  environment: {
    date: '2026-01-01T00:00:00.000Z',
    kernel: '6.18.0',
    cpu: 'a CPU',
    cpus: 2,
    jit: true,
    libbpf: '1.1',
    node: 'v20.19.0',
    revision: 'abc1234',
    dirty: false,
  },
  figures: FIGURES,
};

test('csv: a line for each figure, quoted where needed, empty where nothing was measured', () => {
  expect(csv(FIGURES.slice(1, 3)).split('\r\n')).toEqual([
    'section,policy,size,traffic,subject,quantity,unit,baseline,median,first quartile,third quartile,rounds,note',
    'dataplane,list-1k,1000,permitted,xdpol,over bare,ns,bare,30,29,31,5,',
    'dataplane,list-1k,1000,permitted,a peer,over bare,ns,bare,,,,0,"says ""no"", <b>& more</b>"',
    '',
  ]);
});

test('text: a row for each policy and traffic, a column for each subject, the reason where there is no figure', () => {
  const [, head, first, second] = sectionText('dataplane', FIGURES.slice(0, 3)).split('\n');
  expect(head?.split(/\s{2,}/u)).toEqual(['policy', 'size', 'traffic', 'xdpol', 'a peer']);
  expect(first?.split(/\s{2,}/u)).toEqual(['list-10', '10', 'permitted', '23.3 (23.0..24.0)']);
  expect(second?.split(/\s{2,}/u).slice(3)).toEqual(['30.0 (29.0..31.0)', '-', 'a peer: says "no", <b>& more</b>']);
});

describe('html', async () => {
  const page = await html(REPORT);

  test('has a plot for what grows and one for rates, with units and what they are over', () => {
    expect(page.match(/<svg/gu)).toHaveLength(2);
    for (const words of ['IPv4 prefixes in the list (log)', 'ns a packet over bare drop', 'million frames a second'])
      expect(page).toContain(words);
    expect(page).toContain('whiskers the first and third quartile');
  });

  test('fetches nothing', () => {
    expect(page.replaceAll(/xmlns(?::\w+)?="[^"]*"/gu, '')).not.toMatch(
      /https?:|src=|<link|<script|@import|url\((?!#)/u,
    );
  });

  test('takes its colours from the page, which has light and dark ones', () => {
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).toContain('var(--series-0)');
    expect(page).toContain('currentColor');
  });

  test('shows notes as text, and the environment', () => {
    expect(page).toContain('says &quot;no&quot;, &lt;b&gt;&amp; more&lt;/b&gt;');
    expect(page).toContain('abc1234, 2 x a CPU, Linux 6.18.0');
  });
});
