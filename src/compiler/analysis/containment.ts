/** Which filters match every packet that others match, within one family. */
import { present } from '../../base/assert.ts';
import { areasCover, isProductCovered, twoAreasCover } from './service-sets.ts';
import type { Part, RuleFilter, Space } from './universe.ts';

/** Is every packet of `inner` one of `outer`? */
export function partCovers(space: Space, outer: Part, inner: Part): boolean {
  return factorsCovered(space, outer, inner).every(Boolean);
}

/** Does `outer` match every packet of this family that `inner` matches? */
export function filterCovers(space: Space, outer: RuleFilter, inner: RuleFilter): boolean {
  const parts = present(space.partsOf[outer.index]);
  return present(space.partsOf[inner.index]).every((part) => partsCover(space, parts, part));
}

function partsCover(space: Space, outer: readonly Part[], inner: Part): boolean {
  if (outer.some((part) => partCovers(space, part, inner))) return true;
  const [first, second] = outer;
  if (first === undefined || second === undefined) return false;
  const { atoms } = space;
  return isProductCovered(factorsCovered(space, first, inner), factorsCovered(space, second, inner), (factor) => {
    switch (factor) {
      case 0:
        return atoms.covers(atoms.union(first.source, second.source), inner.source);
      case 1:
        return atoms.covers(atoms.union(first.destination, second.destination), inner.destination);
      default:
        return twoAreasCover(first.service.areas, second.service.areas, inner.service.areas);
    }
  });
}

function factorsCovered({ atoms }: Space, outer: Part, inner: Part): readonly boolean[] {
  return [
    atoms.covers(outer.source, inner.source),
    atoms.covers(outer.destination, inner.destination),
    areasCover(outer.service.areas, inner.service.areas),
  ];
}
