/** The alerting rules are valid, fire when they should, and name metrics that exist. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '../../src/exporter/metric-catalogue.ts';

const folder = new URL('../../alerts/', import.meta.url);
const rules = readFileSync(new URL('xdpol.rules.yaml', folder), 'utf8');
const CASES = ['xdpol.test.yaml', 'xdpol-days.test.yaml'] as const;
const cases = CASES.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('');

function promtool(...args: readonly string[]): string {
  return execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' });
}

test('promtool takes the rules', () => {
  expect(promtool('check', 'rules', 'xdpol.rules.yaml')).toContain('SUCCESS');
});

test('each rule fires in its case, and nowhere else', () => {
  expect(promtool('test', 'rules', ...CASES)).toContain('SUCCESS');
});

test('each alert has a case in which it fires', () => {
  const alerts = [...rules.matchAll(/- alert: (\w+)/gu)].map(([, name]) => name);
  const fired = [...cases.matchAll(/alertname: (\w+)\n\s+exp_alerts:/gu)].map(([, name]) => name);
  expect(alerts.length).toBeGreaterThan(5);
  expect([...new Set(fired)].sort()).toEqual(alerts.sort());
});

test('every metric of ours that the rules name exists', () => {
  const named = [...rules.matchAll(/\bxdpol_\w+/gu)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !(name in METRICS))).toEqual([]);
});
