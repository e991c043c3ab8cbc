/** The shipped examples, as a user checks them: no warning is left that is not accepted in the file. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { program } from '../support/program.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const POLICIES = readdirSync(EXAMPLES).filter(
  (file) => file.endsWith('.yaml') && /^rules:/mu.test(readFileSync(`${EXAMPLES}${file}`, 'utf8')),
);

test('four policies are shipped', () => {
  expect(POLICIES).toHaveLength(4);
});

test.each(POLICIES)('%s is clean under --strict', (file) => {
  const [command = '', ...args] = program('main');
  const check = spawnSync(command, [...args, 'check', '--strict', file, '--me', '198.51.100.1'], {
    cwd: EXAMPLES,
    encoding: 'utf8',
  });
  expect(check.stderr).not.toContain('warning');
  expect(check.stdout).toContain('no errors');
  expect(check.status).toBe(0);
});
