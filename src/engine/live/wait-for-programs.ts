/** A grace period. */
import { createMap } from 'libbpf-ts-bindings';

/**
 * Waits until every program that runs now has ended. The kernel promises it of a change of a map of maps, so that
 * userspace knows that nobody uses the map of before.
 *
 * Source  kernel/bpf/syscall.c, maybe_wait_bpf_programs()
 */
export function waitForPrograms(): void {
  using inner = createMap({ name: 'xdpol_inner', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
  const size = { keySize: 4, valueSize: 4, maxEntries: 1 };
  using outer = createMap({ name: 'xdpol_grace', type: 'array_of_maps', ...size, innerMap: inner });
  outer.update(new Uint8Array(4), inner);
}
