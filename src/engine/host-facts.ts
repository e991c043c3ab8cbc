/** What the bindings know about this host, for those who show it. */
import { interfaces, libbpfVersion as version } from 'libbpf-ts-bindings';

/** Driver names by interface index; `none` where the kernel names none. */
export function drivers(): ReadonlyMap<number, string> {
  return new Map(interfaces().map(({ index, driver }) => [index, driver === '' ? 'none' : driver]));
}

/** Of the library that runs, such as `1.1`. */
export function libbpfVersion(): string {
  return version();
}
