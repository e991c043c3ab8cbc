/** Source and test files that the documentation names are there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const TOP = /^(?:bench|bpf|demo|docs|examples|native|scripts|src|test)\//u;
/** Written by the command that the page describes. */
const GENERATED = new Set(['bench/report/index.html']);
const ROOMS =
  /^(?:agent|api|base|cli|compiler|console|engine|exporter|formats|host|layout|measure|pki|policy|remote|store)\//u;

/** `host/put-in-force` names `src/host/put-in-force.ts`; what has a placeholder in it names no file. */
function missing(page: string): readonly string[] {
  const text = readFileSync(`${root}${page}`, 'utf8');
  return [...text.matchAll(/`(?<path>[a-z][\w./-]*\/[\w./-]*)`/gu)]
    .map(({ groups }) => groups?.['path'] ?? '')
    .filter((path) => TOP.test(path) || ROOMS.test(path))
    .filter((path) => !GENERATED.has(path) && !candidates(path).some((file) => existsSync(`${root}${file}`)));
}

function candidates(path: string): readonly string[] {
  return TOP.test(path) ? [path] : [path, `src/${path}`, `src/${path}.ts`];
}

test.each(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'bench/README.md', 'native/README.md'])(
  'every path that %s names is there',
  (page) => {
    expect(readFileSync(`${root}${page}`, 'utf8').length).toBeGreaterThan(0);
    expect(missing(page)).toEqual([]);
  },
);
