/** The packet generator in front of a program under test, and the clock around it. */
import type { BpfMap, BpfObject, BpfProgram } from 'libbpf-ts-bindings';
import { BpfError } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { Family } from '../base/ip.ts';
import { Random } from '../base/random.ts';
import { inspectBuilt, loadBuilt, objectPath } from '../engine/object.ts';
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import { countDistinct } from './distinct.ts';
import type { Traffic, Tuple } from './tuple.ts';

export const RING_SIZE: number = ENUMS.ring.SIZE;
/** `bare_linear` is `bare` for comparing with programs without frags. */
export type Baseline = 'bare' | 'bare_linear' | 'parse_only' | 'parse_count';
export const BASELINES: readonly Exclude<Baseline, 'bare_linear'>[] = ['bare', 'parse_only', 'parse_count'];

const ZERO = new Uint8Array(4);

/** Where the parts of a tuple go in the packet. */
interface FramePlaces {
  readonly addresses: number;
  readonly ports: number;
  readonly protocol: number;
}

/** In the ring, and in the packet. */
interface Layout {
  readonly tuple: typeof STRUCTS.tuple4 | typeof STRUCTS.tuple6;
  readonly frame: FramePlaces;
}

const LAYOUTS: Readonly<Record<Family, Layout>> = {
  4: { tuple: STRUCTS.tuple4, frame: { addresses: 26, ports: 34, protocol: 23 } },
  6: { tuple: STRUCTS.tuple6, frame: { addresses: 22, ports: 54, protocol: 20 } },
};

/** A TCP SYN without payload, 60 bytes at least; its addresses, ports and protocol are written over. */
export function synTemplate(family: Family): Uint8Array {
  const header = family === 4 ? 20 : 40;
  const frame = new Uint8Array(Math.max(60, 14 + header + 20));
  const view = new DataView(frame.buffer);
  frame.fill(2, 0, 12);
  view.setUint16(12, family === 4 ? 0x0800 : 0x86dd);
  view.setUint8(14, family === 4 ? 0x45 : 0x60);
  view.setUint16(family === 4 ? 16 : 18, frame.length - 14 - (family === 4 ? 0 : header));
  view.setUint8(family === 4 ? 22 : 21, 64);
  view.setUint8(14 + header + 12, 0x50);
  view.setUint8(14 + header + 13, 0x02);
  return frame;
}

/** Of the template's IPv4 header with the tuple in it. */
function checksum4(frame: Uint8Array, { source, destination, protocol }: Tuple): number {
  const view = new DataView(frame.buffer, 14, 20);
  let sum = (view.getUint8(8) << 8) | protocol;
  for (const at of [0, 2, 4, 6]) sum += view.getUint16(at);
  for (const word of [...source.words, ...destination.words]) sum += (word >>> 16) + (word & 0xffff);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Owns the measuring programs and their maps. */
export class Generator implements Disposable {
  readonly family: Family;
  #template: Uint8Array;
  readonly #object: BpfObject;
  readonly #layout: Layout;
  readonly #ring: Uint8Array;
  readonly #view: DataView;
  readonly #position: DataView;
  readonly #outIfindex: DataView;
  readonly #cpu: number;
  #aimedAt: { readonly program: number; readonly generator: BpfProgram } | undefined;

  /** `outIfindex`: where `sender` sends its frames. */
  constructor(family: Family, cpu: number, outIfindex = 0) {
    this.family = family;
    this.#template = synTemplate(family);
    const unused = family === 4 ? 'ring6' : 'ring4';
    this.#object = loadBuilt('measure', { maxEntries: { [unused]: 1 } });
    this.#layout = LAYOUTS[family];
    this.#ring = this.#map(`ring${family}`).mmap();
    this.#view = new DataView(this.#ring.buffer, this.#ring.byteOffset, this.#ring.byteLength);
    this.#position = this.#variable('position');
    this.#outIfindex = this.#variable('out_ifindex');
    this.#outIfindex.setUint32(0, outIfindex, true);
    this.#cpu = cpu;
  }

  /** The packet that the ring's tuples are written into. */
  get template(): Uint8Array {
    return this.#template;
  }

  /** Another packet around the tuples from now on, with the same headers at the same places. */
  use(template: Uint8Array): void {
    this.#template = template;
  }

  baseline(name: Baseline): BpfProgram {
    return this.#program(name);
  }

  /** Fills the ring, or its first `count` tuples; equal traffic and seed give equal tuples. */
  fill(traffic: Traffic, seed: number, count: number = RING_SIZE): void {
    const random = new Random(seed);
    for (let i = 0; i < count; i++) this.put(i, traffic.tuple(random));
    this.rewind();
  }

  /** The ring's memory: what one generator was filled with can be copied into another. */
  get ring(): Uint8Array {
    return this.#ring;
  }

  /** Writes the ring's i-th tuple. */
  put(i: number, tuple: Tuple): void {
    this.#put(this.#view, i * this.#layout.tuple.size, tuple);
  }

  /** The i-th tuple becomes what the j-th is. */
  copy(i: number, j: number): void {
    const { size: stride } = this.#layout.tuple;
    this.#ring.copyWithin(i * stride, j * stride, (j + 1) * stride);
  }

  /** A copy of the first tuples. */
  tuples(count: number): Uint8Array {
    return this.#ring.slice(0, count * this.#layout.tuple.size);
  }

  /** The i-th tuple becomes the j-th of `tuples`, which are taken round and round, and one of the group. */
  place(i: number, tuples: Uint8Array, j: number, group: number): void {
    const { size: stride, fields } = this.#layout.tuple;
    const from = (j % (tuples.length / stride)) * stride;
    this.#ring.set(tuples.subarray(from, from + stride), i * stride);
    this.#view.setUint16(i * stride + fields.group.offset, group, true);
  }

  /** The first tuples again and again, up to the ring's end. */
  repeatFirst(count: number): void {
    const { size: stride } = this.#layout.tuple;
    for (let filled = count; filled < RING_SIZE; filled *= 2)
      this.#ring.copyWithin(filled * stride, 0, filled * stride);
    this.rewind();
  }

  /** How many different ones the first tuples are. */
  distinct(count: number): number {
    return countDistinct(this.#ring, this.#layout.tuple.size, count);
  }

  /** The next run gets the ring's first tuple. */
  rewind(): void {
    this.#position.setUint32(0, 0, true);
  }

  /** The packet that the generator makes from the ring's i-th tuple. */
  frame(i: number): Uint8Array {
    const { size: stride } = this.#layout.tuple;
    return this.#around(this.#ring.subarray(i * stride, (i + 1) * stride));
  }

  /** The packet that the generator would make from a tuple. */
  frameOf(tuple: Tuple): Uint8Array {
    const bytes = new Uint8Array(this.#layout.tuple.size);
    this.#put(new DataView(bytes.buffer), 0, tuple);
    return this.#around(bytes);
  }

  /** The frame and the verdict of one run behind the generator. */
  runOnce(program: BpfProgram): { readonly verdict: number; readonly frame: Uint8Array } {
    const { retval, dataOut } = this.#aimed(program).testRun(this.template, {
      dataOut: this.template.length,
      cpu: this.#cpu,
    });
    return { verdict: retval, frame: present(dataOut) };
  }

  /** Runs packets from the ring's i-th tuple on. */
  run(program: BpfProgram, i: number, packets: number): void {
    this.#position.setUint32(0, i, true);
    this.time(program, packets);
  }

  /** Nanoseconds of CPU time a packet, generator included. */
  time(program: BpfProgram, repeat: number): number {
    return this.#aimed(program).testRun(this.template, { repeat, cpu: this.#cpu }).cpuNs / repeat;
  }

  /** Mean nanoseconds from one packet to the next, generator and clock included, of each group of the whole ring. */
  clock(program: BpfProgram, groups: number): readonly number[] {
    this.#aimed(program);
    this.rewind();
    const map = this.#map('groups');
    const { keys, values } = map.lookupBatch();
    map.updateBatch(keys, new Uint8Array(values.length));
    this.#program(`clocked${this.family}`).testRun(this.#template, { repeat: RING_SIZE, cpu: this.#cpu });
    const counted = map.lookupBatch().values;
    const view = new DataView(counted.buffer, counted.byteOffset, counted.byteLength);
    const { size, fields } = STRUCTS.group;
    const read = (group: number, { offset }: { readonly offset: number }): number =>
      Number(view.getBigUint64(group * size + offset, true));
    return Array.from({ length: groups }, (_, group) => read(group, fields.ns) / read(group, fields.runs));
  }

  /** Sends every frame of a live test run to the interface. */
  get sender(): BpfProgram {
    return this.#program(`send${this.family}`);
  }

  /**
   * Sends frames, ring after ring, to the interface. Returns the kernel's mean time for a frame, in whole nanoseconds:
   * sending and, in the same context, what the other end of a veth pair does. Time in which the CPU was given to
   * another task is not in it.
   */
  sendTo(ifindex: number, repeat: number): number {
    this.#outIfindex.setUint32(0, ifindex, true);
    const options = { repeat, liveFrames: true, batchSize: 64, cpu: this.#cpu };
    return this.sender.testRun(this.template, options).durationNs;
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }

  /** The generator with the program behind it. One array takes programs with frags, the other those without. */
  #aimed(program: BpfProgram): BpfProgram {
    if (this.#aimedAt?.program === program.id) return this.#aimedAt.generator;
    const generator = this.#aim(program);
    this.#aimedAt = { program: program.id, generator };
    return generator;
  }

  #aim(program: BpfProgram): BpfProgram {
    try {
      this.#map('under_test').update(ZERO, program);
      return this.#program(`generate${this.family}`);
    } catch (error) {
      if (!(error instanceof BpfError && error.code === 'EINVAL' && this.family === 4)) throw error;
      this.#map('under_test_linear').update(ZERO, program);
      return this.#program('generate4_linear');
    }
  }

  /** One of the programs' 32-bit variables. */
  #variable(name: string): DataView {
    const { offset } = present(inspectBuilt(objectPath('measure')).variables.find((v) => v.name === name));
    const bss = this.#map('.bss').mmap();
    return new DataView(bss.buffer, bss.byteOffset + offset, 4);
  }

  #around(tuple: Uint8Array): Uint8Array {
    const { frame: places, tuple: layout } = this.#layout;
    const { addresses_be: addresses, ports_be: ports, protocol } = layout.fields;
    const frame = this.template.slice();
    frame.set(tuple.subarray(addresses.offset, addresses.offset + addresses.size), places.addresses);
    frame.set(tuple.subarray(ports.offset, ports.offset + ports.size), places.ports);
    frame[places.protocol] = present(tuple[protocol.offset]);
    return frame;
  }

  #map(name: string): BpfMap {
    return present(this.#object.maps.get(name), `map ${name}`);
  }

  #program(name: string): BpfProgram {
    return present(this.#object.programs.get(name), `program ${name}`);
  }

  #put(view: DataView, at: number, tuple: Tuple): void {
    const { addresses_be: addresses, ports_be: ports, protocol } = this.#layout.tuple.fields;
    const words = tuple.source.words.length;
    for (const [w, word] of tuple.source.words.entries()) view.setUint32(at + addresses.offset + 4 * w, word);
    for (const [w, word] of tuple.destination.words.entries())
      view.setUint32(at + addresses.offset + 4 * (words + w), word);
    view.setUint16(at + ports.offset, tuple.sourcePort);
    view.setUint16(at + ports.offset + 2, tuple.destinationPort);
    view.setUint8(at + protocol.offset, tuple.protocol);
    const { check_be: check } = STRUCTS.tuple4.fields;
    if (this.family === 4) view.setUint16(at + check.offset, checksum4(this.template, tuple));
  }
}
