import { EnvironmentError } from '../base/environment-error.ts';

/** For verbs that change the kernel: said before anything is read or written. */
export function requireRoot(verb: string): void {
  if (process.geteuid?.() === 0) return;
  throw new EnvironmentError(`${verb} needs root: it loads programs into the kernel`, {
    help: `run it with sudo: sudo xdpol ${verb} ...`,
  });
}
