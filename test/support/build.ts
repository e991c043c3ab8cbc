/** Runs once before the tests: they start the built program, so it must be that of the sources. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export function setup(): void {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  execFileSync('npm', ['run', '--silent', 'build:ts'], { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}
