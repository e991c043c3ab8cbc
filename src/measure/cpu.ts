/** The CPU that packets run on. */
import { readFileSync } from 'node:fs';
import { present } from '../base/assert.ts';

/** The last one that this process may run on: taskset and cpusets choose it, and interrupts favour the first ones. */
export function lastAllowedCpu(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(present(/^Cpus_allowed_list:.*?(?<last>\d+)$/mu.exec(status)?.groups?.['last'], 'allowed CPUs'));
}
