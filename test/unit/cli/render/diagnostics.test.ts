import { expect, test } from 'vitest';
import type { Severity } from '../../../../src/base/codes/entry.ts';
import type { Diagnostic } from '../../../../src/base/diagnostics.ts';
import { renderDiagnostics, summaryOf } from '../../../../src/cli/render/diagnostics.ts';

function diagnostic(parts: {
  readonly severity?: Severity;
  readonly line?: number;
  readonly column?: number;
  readonly length?: number;
  readonly lineText?: string;
  readonly help?: string;
  readonly file?: string;
}): Diagnostic {
  const { severity = 'error', line = 14, column = 24, length = 7, help, file = 'edge.yaml' } = parts;
  const lineText = parts.lineText ?? '    destinationPort:   8080-80';
  const span = { file, line, column, length, lineText };
  return {
    code: 'XP0112',
    severity,
    span,
    message: 'port range 8080-80 is empty',
    ...(help === undefined ? {} : { help }),
  };
}
const plain = (...diags: readonly Diagnostic[]): string => renderDiagnostics(diags, { color: false });

test('nothing to say', () => expect(plain()).toBe(''));

test('the line, the caret and the help', () => {
  expect(plain(diagnostic({ help: 'did you mean 80-8080?' }))).toBe(
    [
      'edge.yaml:14:24: error[XP0112]: port range 8080-80 is empty',
      ' 14 |     destinationPort:   8080-80',
      '    |                        ^^^^^^^ help: did you mean 80-8080?',
      '1 error',
      '',
    ].join('\n'),
  );
});

test('a long help has a line of its own', () => {
  const lines = plain(diagnostic({ help: 'x'.repeat(120) })).split('\n');
  expect(lines[2]).toBe('    |                        ^^^^^^^');
  expect(lines[3]).toBe(`    | help: ${'x'.repeat(120)}`);
});

test('without text there is no picture', () => {
  expect(plain(diagnostic({ lineText: '', line: 1, column: 1, help: 'name a file' }))).toBe(
    'edge.yaml:1:1: error[XP0112]: port range 8080-80 is empty\n    help: name a file\n1 error\n',
  );
});

test('a caret at the end of the line, and one that would pass it', () => {
  const lines = plain(diagnostic({ lineText: 'a: [', column: 5, length: 1, line: 1 })).split('\n');
  expect(lines[2]).toBe('   |     ^');
  expect(plain(diagnostic({ lineText: 'abc', column: 2, length: 90, line: 1 })).split('\n')[2]).toBe('   |  ^^');
});

for (const column of [1, 40, 500, 990, 1000]) {
  test(`a long line is windowed around column ${column}`, () => {
    const lineText = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    const [, source = '', caret = ''] = plain(diagnostic({ lineText, column, length: 5, line: 3 })).split('\n');
    expect(source.length).toBeLessThanOrEqual(120);
    const at = caret.indexOf('^');
    expect(source.slice(at, caret.length)).toBe(lineText.slice(column - 1, column - 1 + Math.min(5, 1001 - column)));
  });
}

test('tabs are spaces and control characters are shown, not obeyed', () => {
  const text = plain(diagnostic({ lineText: '\ta\u001b[31m\u202e80', column: 2, length: 1, line: 1, file: 'a\nb' }));
  expect(text).toBe(
    'a\ufffdb:1:2: error[XP0112]: port range 8080-80 is empty\n 1 |     a\ufffd[31m\ufffd80\n   |     ^\n1 error\n',
  );
});

test('by file as they came, then by place', () => {
  const at = (file: string, line: number, column: number): Diagnostic =>
    diagnostic({ file, line, column, lineText: '' });
  const heads = plain(at('b', 2, 1), at('a', 1, 1), at('b', 1, 9), at('b', 1, 2))
    .split('\n')
    .slice(0, 4);
  expect(heads.map((head) => head.split(': ')[0])).toEqual(['b:1:2', 'b:1:9', 'b:2:1', 'a:1:1']);
});

test('the summary counts each severity', () => {
  const of = (severity: Severity): Diagnostic => diagnostic({ severity });
  expect(summaryOf([of('error'), of('warning'), of('error')])).toBe('2 errors, 1 warning');
  expect(summaryOf([of('note'), of('warning'), of('warning')])).toBe('2 warnings, 1 note');
});

test('colours surround, and change no text', () => {
  const diags = [diagnostic({ help: 'did you mean 80-8080?' }), diagnostic({ severity: 'warning' })];
  const colored = renderDiagnostics(diags, { color: true });
  expect(colored).toContain('\u001b[31merror[XP0112]\u001b[0m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
  expect(colored.replaceAll(/\u001b\[\d+m/gu, '')).toBe(plain(...diags));
});
