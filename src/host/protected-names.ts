/** DNS names in the traffic that the configuration protects. */
import { readHostConfig } from './config.ts';
import { namesIn } from './host-addresses.ts';

/** None where the configuration cannot be read. */
export function protectedNames(): readonly string[] {
  return [...namesIn(readHostConfig().config.protect).keys()];
}
