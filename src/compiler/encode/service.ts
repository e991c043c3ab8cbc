/** Service classes -> paged tables: a page number for each 256 keys of a plane, equal pages once. */
import { present } from '../../base/assert.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { PlaneSegments } from '../classes/service-classes.ts';

const PAGE = ENUMS.layout.PORT_PAGE;
const PAGES_PER_PLANE = 65536 / PAGE;

/** Pages in the order of their numbers. Most are of one class, and known by it without being looked at. */
class Pages {
  readonly all: Uint16Array[] = [];
  readonly #uniform = new Map<number, number>();
  readonly #mixed = new Map<string, number>();

  uniform(classId: number): number {
    const number = this.#uniform.get(classId) ?? this.all.push(new Uint16Array(PAGE).fill(classId)) - 1;
    this.#uniform.set(classId, number);
    return number;
  }

  mixed(page: Uint16Array): number {
    const key = page.join();
    const number = this.#mixed.get(key) ?? this.all.push(page) - 1;
    this.#mixed.set(key, number);
    return number;
  }
}

/**
 * u16 page numbers (`widePlanes` * 256, then one for each further plane, padded to 256), then u16
 * pages of 256 classes.
 */
export function encodeServicePages(planes: readonly PlaneSegments[], widePlanes: number): Uint8Array {
  const numbers = new Uint16Array(widePlanes * PAGES_PER_PLANE + (planes.length > widePlanes ? PAGE : 0));
  const pages = new Pages();
  for (const [p, plane] of planes.entries()) {
    const wide = p < widePlanes;
    const slot = wide ? p * PAGES_PER_PLANE : widePlanes * PAGES_PER_PLANE + p - widePlanes;
    numbers.set(pageNumbers(plane, wide ? PAGES_PER_PLANE : 1, pages), slot);
  }
  const out = new Uint16Array(numbers.length + pages.all.length * PAGE);
  out.set(numbers);
  for (const [i, page] of pages.all.entries()) out.set(page, numbers.length + i * PAGE);
  return new Uint8Array(out.buffer);
}

/** Walks a plane's segments page by page. */
function pageNumbers({ starts, classes }: PlaneSegments, count: number, pages: Pages): Uint16Array {
  const numbers = new Uint16Array(count);
  let segment = 0;
  for (let i = 0; i < count; i++) {
    const first = i * PAGE;
    while ((starts[segment + 1] ?? Infinity) <= first) segment++;
    if ((starts[segment + 1] ?? Infinity) >= first + PAGE) {
      numbers[i] = pages.uniform(present(classes[segment]));
      continue;
    }
    const page = new Uint16Array(PAGE);
    for (let s = segment; (starts[s] ?? Infinity) < first + PAGE; s++) {
      page.fill(present(classes[s]), Math.max(0, present(starts[s]) - first));
    }
    numbers[i] = pages.mixed(page);
  }
  return numbers;
}
