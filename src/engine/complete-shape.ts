/** The frozen constants of one program instance: what the compiler wrote, with what the engine alone knows. */
import { present } from '../base/assert.ts';
import type { TableName } from '../compiler/compile.ts';
import { TABLE_NAMES } from '../compiler/compile.ts';
import { ENUMS, readShape, writeShape } from '../layout/layout.gen.ts';

/** A copy of struct xdpol_shape for a program over tables of these sizes. */
export function completeShape(shape: Uint8Array, tableBytes: ReadonlyMap<TableName, number>): Uint8Array {
  const bytes = shape.slice();
  const view = new DataView(bytes.buffer);
  const limits = TABLE_NAMES.map((name) => present(tableBytes.get(name), name) - ENUMS.layout.ELEMENT_MOST);
  writeShape(view, 0, { ...readShape(view, 0), limits });
  return bytes;
}
