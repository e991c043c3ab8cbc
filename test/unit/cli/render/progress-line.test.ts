import { expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { ProgressLine } from '../../../../src/cli/render/progress-line.ts';
import { readPolicy } from '../../../../src/formats/yaml/policy-reader.ts';

function lineOn(isTTY: boolean): {
  readonly line: ProgressLine;
  readonly at: (ms: number) => void;
  readonly text: () => string;
} {
  let now = 0;
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  const line = new ProgressLine({ isTTY, write }, () => now);
  return { line, at: (ms) => (now = ms), text: () => written.replaceAll('\r\u001b[K', '<') };
}

test('short work shows nothing, long work a line ten times a second, erased at the end', () => {
  const { line, at, text } = lineOn(true);
  for (const [ms, share] of [
    [0, 0.1],
    [399, 0.2],
    [400, 0.456],
    [499, 0.6],
    [500, 0.75],
  ] as const) {
    at(ms);
    line.show('reading a.txt', share);
  }
  line.clear();
  line.clear();
  expect(text()).toBe('<reading a.txt: 45 %<reading a.txt: 75 %<');
});

test('nothing is written where no terminal is', () => {
  const { line, at, text } = lineOn(false);
  at(10_000);
  line.show('reading a.txt', 0.5);
  line.clear();
  expect(text()).toBe('');
});

test('a large address set tells how far reading has come', () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}\n`).join('');
  const seen: (readonly [file: string, done: number, total: number])[] = [];
  const policy = readPolicy(
    {
      file: 'dir/edge.yaml',
      text: '{name: t, addressSets: {s: {file: s.txt}}, rules: [{name: r, action: block, filters: [{source: $s}]}]}',
      readSetFile: () => lines,
      onProgress: (...call) => seen.push(call),
    },
    new Diagnostics(),
  );
  expect(policy?.addressSets.get('s')?.prefixes.v4.count).toBe(100_000);
  expect(seen.map(([file]) => file)).toEqual(['dir/s.txt', 'dir/s.txt', 'dir/s.txt']);
  expect(seen.every(([, done, total]) => total === lines.length && done > 0 && done < total)).toBe(true);
  expect(seen.map(([, done]) => done)).toEqual(seen.map(([, done]) => done).sort((a, b) => a - b));
});

test('a text of many filters tells how far reading has come', () => {
  const filters = Array.from({ length: 1000 }, (_, i) => `  - 10.0.${i >>> 8}.${i & 255}=*`);
  const seen: number[] = [];
  const text = ['name: t', 'rules:', '- name: r', '  action: block', '  filters:', ...filters, ''].join('\n');
  const source = { file: 'edge.yaml', text, readSetFile: () => '', onShare: (share: number) => seen.push(share) };
  expect(readPolicy(source, new Diagnostics())?.rules[0]?.filterList.filters.length).toBe(1000);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  // Of each line when it is parsed, and of each filter when it is read.
  expect(new Set(seen).size).toBeGreaterThan(2000);
  expect(seen.every((share) => share >= 0 && share <= 1)).toBe(true);
});
