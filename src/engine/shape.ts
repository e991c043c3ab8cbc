/** The frozen constants of one program instance: struct xdpol_shape, little endian. */
import type { TableName } from '../compiler/compile.ts';
import { TABLE_NAMES } from '../compiler/compile.ts';
import type { ShapeNumbers } from '../compiler/loadable.ts';
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import { MAX_BROADCASTS } from '../policy/packet/exemption.ts';

const { shape: LAYOUT, address4_shape: ADDRESS4, address6_shape: ADDRESS6, rule_shape: RULES } = STRUCTS;

/** The program's constant `broadcasts`; what is beyond its room is no broadcast to it. */
export function encodeBroadcasts({ broadcasts }: Pick<ShapeNumbers, 'broadcasts'>): Uint8Array {
  const words = new Uint32Array(MAX_BROADCASTS);
  words.set(broadcasts.slice(0, MAX_BROADCASTS));
  return new Uint8Array(words.buffer);
}

export function encodeShape(
  shape: ShapeNumbers,
  trace: boolean,
  tableBytes: ReadonlyMap<TableName, number>,
): Uint8Array {
  const bytes = new Uint8Array(LAYOUT.size);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, value: number | boolean): void => view.setUint32(offset, Number(value), true);
  const fields = LAYOUT.fields;
  put(fields.layout_version.offset, ENUMS.layout.VERSION);
  put(fields.strict.offset, shape.strict);
  put(fields.exemptions.offset, shape.exemptions);
  put(fields.drops.offset, shape.drops);
  put(fields.trace.offset, trace);
  put(fields.default_value.offset, shape.defaultValue);
  put(fields.dport_classes.offset, shape.dportClasses);
  put(fields.sport_classes.offset, shape.sportClasses);
  const putAddress = (offset: number, address: ShapeNumbers['src4']): void => {
    put(offset + ADDRESS4.fields.indexed.offset, address.indexed);
    put(offset + ADDRESS4.fields.root_bounds.offset, address.rootBounds);
    put(offset + ADDRESS4.fields.filtered.offset, address.filtered);
  };
  const putAddress6 = (offset: number, { lines, rootBounds, blocks }: ShapeNumbers['src6']): void => {
    put(offset + ADDRESS6.fields.lines.offset, lines);
    put(offset + ADDRESS6.fields.root_bounds.offset, rootBounds);
    put(offset + ADDRESS6.fields.block_levels.offset, blocks.levels);
    put(offset + ADDRESS6.fields.filter_shift.offset, blocks.filterShift);
    put(offset + ADDRESS6.fields.bucket_shift.offset, blocks.bucketShift);
  };
  const putRules = (offset: number, rules: ShapeNumbers['rules4'], srcRow: number, dstRow: number): void => {
    put(offset + RULES.fields.mode.offset, rules.modeNumber);
    put(offset + RULES.fields.dst_classes.offset, rules.dstClasses);
    put(offset + RULES.fields.bucket_mask.offset, rules.bucketMask);
    put(offset + RULES.fields.src_row.offset, srcRow);
    put(offset + RULES.fields.dst_row.offset, dstRow);
  };
  putAddress(fields.src4_shape.offset, shape.src4);
  putAddress(fields.dst4_shape.offset, shape.dst4);
  putAddress6(fields.src6_shape.offset, shape.src6);
  putAddress6(fields.dst6_shape.offset, shape.dst6);
  const { groups, deep, use, src4Row, dst4Row, src6Row, dst6Row, dportRow, sportRow } = shape.common;
  put(fields.set_groups.offset, groups);
  put(fields.set_deep.offset, deep);
  put(fields.set_use.offset, use);
  put(fields.dport_row.offset, dportRow);
  put(fields.sport_row.offset, sportRow);
  putRules(fields.rules4.offset, shape.rules4, src4Row, dst4Row);
  putRules(fields.rules6.offset, shape.rules6, src6Row, dst6Row);
  for (const name of TABLE_NAMES) put(fields.bytes.offset + 4 * ENUMS.table[name], tableBytes.get(name) ?? 0);
  return bytes;
}
