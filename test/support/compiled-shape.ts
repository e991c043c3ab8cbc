/** The constants of a compiled policy as numbers. */
import type { LoadableTables } from '../../src/compiler/loadable.ts';
import type { ShapeFields } from '../../src/layout/layout.gen.ts';
import { readShape } from '../../src/layout/layout.gen.ts';

export function shapeOf({ shape }: Pick<LoadableTables, 'shape'>): ShapeFields {
  return readShape(new DataView(shape.buffer, shape.byteOffset, shape.byteLength), 0);
}
