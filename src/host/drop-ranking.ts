/** Which rules drop most: by what they dropped since the reading before, then in total. */
import type { CounterOutcome } from './counters.ts';

export class DropRanking {
  readonly #before = new Map<string, readonly CounterOutcome[]>();

  /** At most `most` of the rules of an interface and direction that have dropped anything. */
  choose(side: string, rules: readonly CounterOutcome[], most: number): readonly CounterOutcome[] {
    const before = this.#before.get(side) ?? [];
    this.#before.set(side, rules);
    return rules
      .map((counter, place) => ({ counter, total: Number(counter.packets), grown: growthOf(counter, before[place]) }))
      .filter(({ counter: { action }, total }) => action === 'block' && total > 0)
      .sort((a, b) => b.grown - a.grown || b.total - a.total)
      .slice(0, most)
      .map(({ counter }) => counter);
  }
}

/** Rules stand where they stood before, unless another policy is in force. */
function growthOf(counter: CounterOutcome, before: CounterOutcome | undefined): number {
  const isSame = before?.rule === counter.rule && before.action === counter.action && before.policy === counter.policy;
  return isSame ? Number(counter.packets) - Number(before.packets) : 0;
}
