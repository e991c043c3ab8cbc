/** Rules limited to interfaces: where two filters can meet. */
import type { Box, RuleFilter, Universe } from './universe.ts';

/** A name; undefined: an interface that no rule names. */
export type Place = string | undefined;

const ELSEWHERE: readonly Place[] = [undefined];

export function appliesAt(box: Box, place: Place): boolean {
  if (box.directed === undefined || box.owner.interfaces === undefined) return true;
  return place !== undefined && box.owner.interfaces.has(place);
}

/** The places that matter: of those where the same rules take part, one is enough. */
export class Places {
  /** The first name with the same rules, for each name. */
  readonly #first = new Map<string, string>();

  constructor(universe: Universe) {
    const rulesAt = new Map<string, Set<unknown>>();
    for (const { rule, interfaces } of universe.filters) {
      for (const name of interfaces ?? []) rulesAt.set(name, (rulesAt.get(name) ?? new Set()).add(rule));
    }
    const numbers = new Map(universe.policy.rules.map((rule, i) => [rule as unknown, i]));
    const firsts = new Map<string, string>();
    for (const [name, rules] of rulesAt) {
      const key = [...rules].map((rule) => numbers.get(rule)).join();
      const first = firsts.get(key) ?? name;
      firsts.set(key, first);
      this.#first.set(name, first);
    }
  }

  /**
   * Where all of the filters take part. Filters that are not limited meet wherever they meet anywhere on an
   * interface that no rule names, because no other rule can come between them there.
   */
  shared(...filters: readonly RuleFilter[]): readonly Place[] {
    const limited = filters.flatMap(({ interfaces }) => interfaces ?? []);
    const [first, ...rest] = limited;
    if (first === undefined) return ELSEWHERE;
    const names = [...first].filter((name) => rest.every((other) => other.has(name)));
    return [...new Set(names.map((name) => this.#first.get(name) ?? name))].filter((name) => names.includes(name));
  }
}

/** Do both take part on the same interfaces? */
export function samePlaces(a: RuleFilter, b: RuleFilter): boolean {
  return placesKey(a) === placesKey(b);
}

export function placesKey({ interfaces }: RuleFilter): string {
  return interfaces === undefined ? '*' : [...interfaces].sort().join('/');
}
