import { expect, test } from 'vitest';
import type { Diagnostic } from '../../../../src/base/diagnostics.ts';
import { spanOfFile } from '../../../../src/base/diagnostics.ts';
import { renderFindings } from '../../../../src/cli/render/findings.ts';
import type { Omitted } from '../../../../src/compiler/analysis/analyse.ts';

function finding(code: Diagnostic['code'], severity: Diagnostic['severity'], message: string): Diagnostic {
  return { code, severity, message, span: spanOfFile('p.yaml') };
}

const REST: Omitted = { code: 'XP0403', severity: 'warning', grouped: 2, left: 7, atLeast: false };

test('findings stand behind what reading said, by code, and the last line counts all', () => {
  const diags = [
    finding('XP0404', 'warning', 'never'),
    finding('XP0403', 'warning', 'crosses'),
    finding('XP0401', 'error', 'same'),
    finding('XP0304', 'warning', 'unused'),
  ];
  expect(renderFindings(diags, [REST], { color: false })).toBe(
    [
      'p.yaml:1:1: warning[XP0304]: unused',
      'p.yaml:1:1: error[XP0401]: same',
      'p.yaml:1:1: warning[XP0403]: crosses',
      '… and 7 more like this (--json has all)',
      'p.yaml:1:1: warning[XP0404]: never',
      '1 error, 12 warnings',
      '',
    ].join('\n'),
  );
});

test('a search that was cut short says so', () => {
  const text = renderFindings([finding('XP0403', 'warning', 'crosses')], [{ ...REST, atLeast: true }], {
    color: false,
  });
  expect(text).toContain('\n… and at least 7 more like this (--json has all)\n');
});

test('what is grouped only is counted, not announced', () => {
  const text = renderFindings([finding('XP0403', 'warning', 'crosses')], [{ ...REST, left: 0 }], { color: false });
  expect(text).toBe('p.yaml:1:1: warning[XP0403]: crosses\n3 warnings\n');
});

test('nothing is said of nothing', () => expect(renderFindings([], [], { color: false })).toBe(''));
