/** The names that a command line may give this host. */
import { hostname } from 'node:os';

/** Its name, with or without the domain, in any case; also `localhost` and the dot of Windows. */
export function isThisHost(name: string): boolean {
  const asked = name.toLowerCase();
  const own = hostname().toLowerCase();
  return [own, own.split('.')[0], 'localhost', '127.0.0.1', '::1', '.'].includes(asked) || asked.split('.')[0] === own;
}
