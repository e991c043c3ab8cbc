/** Address classes as the program adds them up to a cell of a dense table: each number times the cells of one class. */
import type { AddressClasses } from './address-classes.ts';

export function multipliedClasses(classes: AddressClasses, cells: number): AddressClasses {
  if (cells === 1) return classes;
  const { rangeClasses, prefixes, live } = classes;
  return {
    ...classes,
    rangeClasses: rangeClasses.map((number) => number * cells),
    prefixes: prefixes && { ...prefixes, classes: prefixes.classes.map((number) => number * cells) },
    ...(live && { live: new Map([...live].map(([key, number]) => [key, number * cells])) }),
  };
}
