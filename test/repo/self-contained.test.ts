/** Whatever is tracked stands by itself: no path out of the repository, nothing put off, no file too long. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

/** Written by tools. */
const GENERATED: ReadonlySet<string> = new Set([
  'dashboards/xdpol-fleet.json',
  'docs/openapi.json',
  'docs/openapi-fleet.json',
  'docs/schemas/fleet.json',
  'package-lock.json',
  'src/layout/layout.gen.ts',
  'test/golden/verbs/help.txt',
]);
const MOST_LINES = 600;

const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
const files = listed
  .split('\0')
  .filter((path) => path !== '' && existsSync(new URL(path, root)))
  .map((path) => ({ path, bytes: readFileSync(new URL(path, root)) }))
  .filter(({ bytes }) => !bytes.includes(0))
  .map(({ path, bytes }) => ({ path, lines: bytes.toString('utf8').split('\n') }));

/** `file:line` of each line that matches. */
function placesOf(pattern: RegExp): readonly string[] {
  return files.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
  );
}

test('the tracked files are read', () => {
  expect(files.length).toBeGreaterThan(150);
  expect(placesOf(/^enum xdpol_layout \{$/u)).toEqual([expect.stringMatching(/^bpf\/layout\.h:\d+$/u)]);
});

// Put together from parts, so that this file does not match itself.
const UNWANTED: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['a path of the machine it was written on', new RegExp(`${'/wor'}${'k/'}`, 'u')],
  ['a path beside the repository', new RegExp(`\\.\\./${'sha'}${'red'}`, 'u')],
  ['something put off', new RegExp(`\\b(?:${'TO'}${'DO'}|${'FIX'}${'ME'}|${'XX'}${'X'})\\b`, 'u')],
  [
    'a test that does not run',
    new RegExp(`\\b(?:test|describe|it)\\.(?:${'ski'}${'p'}|${'on'}${'ly'}|${'tod'}${'o'})\\b`, 'u'),
  ],
];

for (const [name, pattern] of UNWANTED) {
  test(`no tracked file has ${name}`, () => expect(placesOf(pattern)).toEqual([]));
}

test(`no file is longer than ${MOST_LINES} lines`, () => {
  const long = files.filter(({ path, lines }) => !GENERATED.has(path) && lines.length - 1 > MOST_LINES);
  expect(long.map(({ path, lines }) => `${path}: ${lines.length - 1}`)).toEqual([]);
});
