/** Files that an operator names and that cannot be read. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';

/** `help`: which file is wanted. */
export function readFailure(path: string, cause: unknown, help: string): EnvironmentError {
  const { code } = cause as NodeJS.ErrnoException;
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return new EnvironmentError('XDPOL_E_FILE', `cannot read ${path}: ${code ?? messageOf(cause)}`, {
    help: isForbidden ? 'run the same command as the owner of the file, or with sudo' : help,
    cause,
  });
}
