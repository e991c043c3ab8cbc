import { EnvironmentError } from '../base/environment-error.ts';

/** `what`: the verb, or what a verb is about to do. For those that need more than the store: said before anything is read or written. */
export function requireRoot(what: string, why = 'the filters are in the kernel'): void {
  if (process.geteuid?.() === 0) return;
  throw new EnvironmentError('XDPOL_E_PRIVILEGES', `${what} needs root: ${why}`, {
    help: 'run the same command with sudo',
  });
}
