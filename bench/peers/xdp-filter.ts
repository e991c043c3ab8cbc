/**
 * xdp-filter of Debian's xdp-tools: its own program, its maps filled as `xdp-filter port` fills them,
 * without the dispatcher. Its object pins maps in /sys/fs/bpf: run this only where that is private.
 */
import { existsSync } from 'node:fs';
import type { BpfMap, BpfObject, BpfProgram } from 'libbpf-ts-bindings';
import { loadObject, unlinkPin } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import type { BenchPolicy } from '../policies.ts';
import { SERVICE_PORTS } from '../policies.ts';
import type { Cannot } from './peer.ts';

export const XDP_FILTER = 'xdp-filter';

/** The program that drops what no entry allows, with TCP ports only: `xdp-filter load --policy deny --features tcp`. */
const PROGRAM = 'xdpfilt_dny_tcp';
const OBJECT = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/bpf/${PROGRAM}.o`;
const PINS = ['filter_ports', 'xdp_stats_map'] as const;
const BPFFS = '/sys/fs/bpf';

/** As xdp-filter's common_kern_user.h has them. */
const FLAG_DESTINATION = 1n << 1n;
const FLAG_TCP = 1n << 2n;

/** Owns the program and its maps. */
export class XdpFilter implements Disposable {
  readonly #object: BpfObject;

  /** Starts without entries: everything is dropped. */
  constructor() {
    removePins();
    this.#object = loadObject(OBJECT);
  }

  get program(): BpfProgram {
    return present(this.#object.programs.get(PROGRAM));
  }

  /** `xdp-filter port PORT --proto tcp --mode dst` */
  allow(port: number): void {
    const map: BpfMap = present(this.#object.maps.get('filter_ports'));
    const flags = new BigUint64Array(map.valueStride / 8).fill(FLAG_DESTINATION | FLAG_TCP);
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint16(0, port); // as the packet has it, read as a little-endian word
    map.update(key, new Uint8Array(flags.buffer));
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
    removePins();
  }
}

function removePins(): void {
  for (const pin of PINS) unlinkPin(`${BPFFS}/${pin}`);
}

/** The policy as xdp-filter says it, or why it cannot. */
export function xdpFilterFor({ form, family }: BenchPolicy): XdpFilter | Cannot {
  if (form !== 'ports' || family !== 4) return { cannot: 'no entry joins an address and a port' };
  if (!existsSync(OBJECT)) return { cannot: 'not installed: apt-get install xdp-tools' };
  const filter = new XdpFilter();
  for (const port of SERVICE_PORTS) filter.allow(port);
  return filter;
}
