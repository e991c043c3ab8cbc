import { expect, test } from 'vitest';
import type { Diagnostic } from '../../../../src/base/diagnostics.ts';
import { spanOfFile } from '../../../../src/base/diagnostics.ts';
import { renderFindings } from '../../../../src/cli/render/findings.ts';
import type { Finding, Omitted } from '../../../../src/compiler/analysis/warnings.ts';

type Of = Diagnostic['severity'];

function finding(code: Diagnostic['code'], severity: Of, message: string, isNew: boolean | null = null): Finding {
  return { code, severity, message, span: spanOfFile('p.yaml'), rules: [], isNew };
}

const REST: Omitted = { code: 'XP0403', severity: 'warning', grouped: 2, left: 7, atLeast: false, isNew: null };

test('findings stand behind what reading said, as they come, and the last line counts all', () => {
  const diags = [
    finding('XP0401', 'error', 'same'),
    finding('XP0403', 'warning', 'crosses'),
    finding('XP0404', 'warning', 'never'),
    { code: 'XP0304', severity: 'warning', message: 'unused', span: spanOfFile('p.yaml') } as const,
  ];
  expect(renderFindings(diags, [REST], { color: false })).toBe(
    [
      'p.yaml:1:1: warning[XP0304]: unused',
      'p.yaml:1:1: error[XP0401]: same',
      'p.yaml:1:1: warning[XP0403]: crosses',
      '… and 7 more like this (--json has more)',
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
  expect(text).toContain('\n… and at least 7 more like this (--json has more)\n');
});

test('what is grouped only is counted, not announced', () => {
  const text = renderFindings([finding('XP0403', 'warning', 'crosses')], [{ ...REST, left: 0 }], { color: false });
  expect(text).toBe('p.yaml:1:1: warning[XP0403]: crosses\n3 warnings\n');
});

test('what is new comes first, under a line of its own', () => {
  const diags = [finding('XP0404', 'warning', 'never', true), finding('XP0403', 'warning', 'crosses', false)];
  expect(renderFindings(diags, [{ ...REST, isNew: false, grouped: 0, left: 1 }], { color: false })).toBe(
    [
      'new since the policy in force:',
      'p.yaml:1:1: warning[XP0404]: never',
      'as of the policy in force:',
      'p.yaml:1:1: warning[XP0403]: crosses',
      '… and 1 more like this (--json has more)',
      '3 warnings',
      '',
    ].join('\n'),
  );
});

test('nothing is said of nothing', () => expect(renderFindings([], [], { color: false })).toBe(''));
