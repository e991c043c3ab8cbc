import type { Policy } from '../../../policy/model.ts';
import type { Cut } from '../findings.ts';
import type { Observation } from '../observation.ts';

/** One note where the analysis did not look at everything. */
export function observeCut(cut: Cut, { span }: Policy): readonly Observation[] {
  const left = [
    ...(cut.pairs === 0 ? [] : [`${cut.pairs} pairs of filters that may cross`]),
    ...(cut.permits === 0 ? [] : [`the pairs of ${cut.permits} halves of permits`]),
    ...(cut.shadowed === 0 ? [] : [`whether ${cut.shadowed} filters ever decide`]),
    ...(cut.ports ? ['some filters for what they let in'] : []),
  ];
  if (left.length === 0) return [];
  const message = `the policy is too large to be looked through whole, the heaviest filters came first; not looked at: ${left.join(', ')}`;
  const help = 'every finding reported here is exact, and there may be more';
  return [{ code: 'XP0417', span, about: ['cut'], size: 0, group: undefined, word: () => ({ message, help }) }];
}
