/** Every dependency has its reason in CONTRIBUTING.md, and every reason its dependency. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function dependenciesOf(path: string): readonly string[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(new URL(path, root), 'utf8')) as Package;
  return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
}

test('CONTRIBUTING.md says why each dependency is there', () => {
  const page = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8');
  const [, section = ''] = page.split('## Dependencies');
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \| \S/gmu)].map(([, name]) => name);
  expect(rows.toSorted()).toEqual([...dependenciesOf('package.json'), ...dependenciesOf('native/package.json')].sort());
});
