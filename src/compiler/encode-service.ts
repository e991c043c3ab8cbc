/** Service classes -> paged tables: a page number for each 256 keys of a plane, equal pages once. */
import { ENUMS } from '../layout/layout.gen.ts';
import type { PlaneSegments } from './service-classes.ts';

const PAGE = ENUMS.layout.PORT_PAGE;
const PAGES_PER_PLANE = 65536 / PAGE;

/**
 * u16 page numbers (`widePlanes` * 256, then one for each further plane, padded to 256), then u16
 * pages of 256 classes.
 */
export function encodeServicePages(planes: readonly PlaneSegments[], widePlanes: number): Uint8Array {
  const numbers = new Uint16Array(widePlanes * PAGES_PER_PLANE + (planes.length > widePlanes ? PAGE : 0));
  const pages: Uint16Array[] = [];
  const known = new Map<string, number>();
  const intern = (page: Uint16Array): number => {
    const key = page.join();
    const number = known.get(key) ?? pages.push(page) - 1;
    known.set(key, number);
    return number;
  };
  for (const [p, plane] of planes.entries()) {
    const wide = p < widePlanes;
    const classes = keyClasses(plane);
    for (let i = 0; i < (wide ? PAGES_PER_PLANE : 1); i++) {
      const slot = wide ? p * PAGES_PER_PLANE + i : widePlanes * PAGES_PER_PLANE + p - widePlanes;
      numbers[slot] = intern(classes.slice(i * PAGE, (i + 1) * PAGE));
    }
  }
  const out = new Uint16Array(numbers.length + pages.length * PAGE);
  out.set(numbers);
  for (const [i, page] of pages.entries()) out.set(page, numbers.length + i * PAGE);
  return new Uint8Array(out.buffer);
}

function keyClasses({ starts, classes }: PlaneSegments): Uint16Array {
  const keys = new Uint16Array(65536);
  for (const [i, start] of starts.entries()) keys.fill(classes[i] ?? 0, start);
  return keys;
}
