/** One record of the ring: struct xdpol_sample. */
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { Verdict } from '../../policy/model.ts';
import type { Direction } from '../program.ts';

const { size: SIZE, fields: FIELDS } = STRUCTS.sample;
/** Bytes of the two addresses of a frame; a tag stands behind them. */
const ADDRESSES = 12;
const TAG_BYTES = 4;

export interface SampleRecord {
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly nanoseconds: bigint;
  readonly ifindex: number;
  readonly slot: number;
  readonly rank: number;
  /** Of the whole frame, with every tag. */
  readonly length: number;
  readonly direction: Direction;
  readonly verdict: Verdict;
  /** The frame's first bytes. */
  readonly frame: Uint8Array;
}

/** undefined where the bytes are no record of this version. */
export function decodeSample(bytes: Uint8Array): SampleRecord | undefined {
  if (bytes.length !== SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (field: { readonly offset: number }): number => view.getUint16(field.offset, true);
  const u32 = (field: { readonly offset: number }): number => view.getUint32(field.offset, true);
  const { offset } = FIELDS.data;
  const data = bytes.slice(offset, offset + u16(FIELDS.captured));
  return {
    nanoseconds: view.getBigUint64(FIELDS.nanoseconds.offset, true),
    ifindex: u32(FIELDS.ifindex),
    slot: u32(FIELDS.slot),
    rank: u32(FIELDS.rank),
    length: u32(FIELDS.bytes),
    direction: view.getUint8(FIELDS.direction.offset) === ENUMS.direction.EGRESS ? 'egress' : 'ingress',
    verdict: view.getUint8(FIELDS.pass.offset) === 0 ? 'drop' : 'pass',
    frame: withTag(data, u16(FIELDS.vlan_type), u16(FIELDS.vlan_tci)),
  };
}

/** The frame as it is on the wire, with the tag that the stack keeps beside it. */
function withTag(data: Uint8Array, type: number, tci: number): Uint8Array {
  if (type === 0 || data.length < ADDRESSES) return data;
  const frame = new Uint8Array(data.length + TAG_BYTES);
  frame.set(data.subarray(0, ADDRESSES));
  const view = new DataView(frame.buffer);
  view.setUint16(ADDRESSES, type);
  view.setUint16(ADDRESSES + 2, tci);
  frame.set(data.subarray(ADDRESSES), ADDRESSES + TAG_BYTES);
  return frame;
}
