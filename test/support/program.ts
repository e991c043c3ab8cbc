/** xdpol as it is installed: the built program, which starts in a fraction of the time that the sources take. */
import { fileURLToPath } from 'node:url';

/** The command line of `xdpol` or `ipsecpol`. `build.ts` has built them before any test runs. */
export function program(name: 'main' | 'ipsecpol', ...args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, fileURLToPath(new URL(`../../dist/cli/${name}.js`, import.meta.url)), ...args];
}
