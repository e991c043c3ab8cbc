/** xdpol as it is installed: the built program, which starts in a fraction of the time that the sources take. */
import { fileURLToPath } from 'node:url';

const PROGRAMS: ReadonlySet<string | undefined> = new Set(['main', 'ipsecpol'].map(pathOf));

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../dist/cli/${name}.js`, import.meta.url));
}

/** Is it the command line of one of them? */
export function isProgram(argv: readonly string[]): boolean {
  return argv[0] === process.execPath && PROGRAMS.has(argv[1]);
}

/** The command line of `xdpol` or `ipsecpol`. `build.ts` has built them before any test runs. */
export function program(name: 'main' | 'ipsecpol', ...args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, pathOf(name), ...args];
}
