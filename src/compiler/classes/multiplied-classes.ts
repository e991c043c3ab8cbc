/** Address classes as the program adds them up to a cell of a dense table: each number times the cells of one class. */
import type { AddressClasses } from './address-classes.ts';

export function multipliedClasses(classes: AddressClasses, cells: number): AddressClasses {
  if (cells === 1) return classes;
  const { rangeClasses, prefixes, live } = classes;
  return {
    ...classes,
    rangeClasses: multiplied(rangeClasses, cells),
    prefixes: prefixes && { ...prefixes, classes: multiplied(prefixes.classes, cells) },
    ...(live && { live: new Map([...live].map(([key, number]) => [key, number * cells])) }),
  };
}

/** A loop: a list of a million addresses has two million ranges. */
function multiplied(numbers: Uint32Array, by: number): Uint32Array {
  const products = new Uint32Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) products[i] = numbers[i]! * by;
  return products;
}
