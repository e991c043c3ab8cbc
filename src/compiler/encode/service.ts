/** Service classes -> paged tables: a page for each 256 keys of a plane, equal pages once. */
import { present } from '../../base/assert.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { PlaneSegments, ServiceClasses } from '../classes/service-classes.ts';

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

export interface ServicePages {
  readonly pages: Uint8Array;
  /** More pages than places can say: numbers stand in front instead. */
  readonly isNumbered: boolean;
}

const NO_PAGES: ServicePages = { pages: new Uint8Array(0), isNumbered: false };

/**
 * Where the page of each 256 ports begins, 256 places a plane, then u16 pages of 256 classes. None where there is one
 * class, as nothing is looked up then.
 */
export function encodeServicePages(
  { planes, count }: Pick<ServiceClasses, 'planes' | 'count'>,
  placedPages: number,
): ServicePages {
  if (count <= 1) return NO_PAGES;
  const places = new Uint16Array(ENUMS.plane.PORT_NUMBERS);
  const pages = new Pages();
  for (const [p, plane] of planes.entries()) {
    const isWide = p < ENUMS.plane.WIDE_PLANES;
    places.set(pageNumbers(plane, isWide ? PAGES_PER_PLANE : 1, pages), p * PAGES_PER_PLANE);
  }
  const isNumbered = pages.all.length > placedPages;
  const out = new Uint16Array(places.length + pages.all.length * PAGE);
  out.set(isNumbered ? places : places.map((number) => number * PAGE));
  for (const [i, page] of pages.all.entries()) out.set(page, places.length + i * PAGE);
  return { pages: new Uint8Array(out.buffer), isNumbered };
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
