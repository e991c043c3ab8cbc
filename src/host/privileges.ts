import { EnvironmentError } from '../base/environment-error.ts';

/** For verbs that need more than the store: said before anything is read or written. */
export function requireRoot(verb: string, why = 'the filters are in the kernel'): void {
  if (process.geteuid?.() === 0) return;
  throw new EnvironmentError('XDPOL_E_PRIVILEGES', `${verb} needs root: ${why}`, {
    help: `run it with sudo: sudo xdpol ${verb} ...`,
  });
}
