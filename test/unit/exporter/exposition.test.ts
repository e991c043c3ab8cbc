/** Which text format a client gets, and whether it is compressed. */
import { describe, expect, test } from 'vitest';
import { encodingFor, formatFor } from '../../../src/exporter/exposition.ts';
import { Samples } from '../../../src/exporter/sample-metrics.ts';

const PROMETHEUS_2_42 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

describe('format', () => {
  test.each([
    [undefined, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html', 'prometheus'],
    [PROMETHEUS_2_42, 'openmetrics'],
    ['text/plain;version=0.0.4;q=1,application/openmetrics-text;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['Application/OpenMetrics-Text', 'openmetrics'],
    ['application/openmetrics-text;q=nonsense', 'prometheus'],
  ] as const)('Accept: %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });
});

describe('encoding', () => {
  test.each([
    [undefined, 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    ['deflate, gzip;q=0.5', 'gzip'],
    ['gzip;q=0', 'identity'],
    ['*', 'gzip'],
  ] as const)('Accept-Encoding: %s', (accepted, encoding) => {
    expect(encodingFor(accepted)).toBe(encoding);
  });
});

describe('text', () => {
  const samples = new Samples();
  samples.add('xdpol_packets_total', { device: 'a"b\\c\nd', direction: 'ingress', verdict: 'pass' }, 2n ** 63n + 1n);
  samples.add('xdpol_policy_applied_timestamp_seconds', {}, 1.5);

  test('Prometheus: a counter has one name, counts are exact, labels escaped', () => {
    const lines = samples.bytes('prometheus').toString().split('\n');
    expect(lines.slice(1)).toEqual([
      '# TYPE xdpol_packets_total counter',
      'xdpol_packets_total{device="a\\"b\\\\c\\nd",direction="ingress",verdict="pass"} 9223372036854775809',
      '# HELP xdpol_policy_applied_timestamp_seconds When the policy in force was applied, Unix time.',
      '# TYPE xdpol_policy_applied_timestamp_seconds gauge',
      'xdpol_policy_applied_timestamp_seconds 1.5',
      '',
    ]);
  });

  test('OpenMetrics: the family of a counter has no suffix, its samples have', () => {
    const lines = samples.bytes('openmetrics').toString().split('\n');
    expect(lines.filter((line) => line.includes('TYPE'))).toEqual([
      '# TYPE xdpol_packets counter',
      '# TYPE xdpol_policy_applied_timestamp_seconds gauge',
    ]);
    expect(lines[2]).toMatch(/^xdpol_packets_total\{/u);
  });
});
