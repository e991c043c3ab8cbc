import { expect, test } from 'vitest';
import { csvOf, EMPTY_LINE, linesOf, rowOfLine } from '../../../src/console/chart-lines.ts';
import { policyOfChart } from '../../../src/host/chart-policy.ts';

const WEB = { role: 'Web', direction: 'in', peer: 'any', local: '192.0.2.1', protocol: 'TCP', port: '80, 443' };

test('rows that are typed are a chart that can be read, empty ones left out', () => {
  const { text, diagnostics } = policyOfChart({ name: 'edge', chart: csvOf([EMPTY_LINE, WEB]) });
  expect(diagnostics).toEqual([]);
  expect(text).toContain('name: edge');
  expect(text).toContain('443');
});

test('a quotation mark in a cell is no end of it', () => {
  expect(csvOf([{ ...WEB, role: 'the "web"' }])).toContain('"the ""web""","in"');
});

test('a mistake is at the row that is seen', () => {
  const lines = [EMPTY_LINE, WEB, EMPTY_LINE, { ...WEB, direction: 'up' }];
  const { text, diagnostics } = policyOfChart({ name: 'edge', chart: csvOf(lines) });
  expect(text).toBeNull();
  expect(diagnostics.map(({ span }) => rowOfLine(lines, span.line))).toEqual([4]);
});

test('rows of a spreadsheet come without their header', () => {
  expect(linesOf('Role\tDirection\nWeb\tin\tany\t192.0.2.1\tTCP\t80, 443\n\n')).toEqual([WEB]);
});
