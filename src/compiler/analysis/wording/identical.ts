import { present } from '../../../base/assert.ts';
import type { IdenticalGroup } from '../identical.ts';
import type { Observation } from '../observation.ts';
import { describeFilter, thisFilter } from './subject.ts';

/** Every filter but the first of its group, against the first that opposes it or, where none does, the very first. */
export function observeIdentical(groups: readonly IdenticalGroup[]): readonly Observation[] {
  return groups.flatMap((group) => {
    const first = present(group[0]);
    return group.slice(1).map((filter): Observation => {
      const opposed = group.find(({ index, rule }) => index < filter.index && rule.action !== filter.rule.action);
      const other = opposed ?? first;
      const same = `${thisFilter(filter)} matches exactly the packets of ${describeFilter(other)}`;
      const wording =
        opposed === undefined
          ? { message: `${same}, which counts them`, help: 'one of the two is enough' }
          : { message: same, help: 'keep one of the two, or make one more specific' };
      return {
        code: opposed === undefined ? 'XP0402' : 'XP0401',
        span: filter.filter.span,
        about: [filter, other],
        size: 0,
        group: undefined,
        word: () => wording,
      };
    });
  });
}
