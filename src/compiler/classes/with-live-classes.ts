/**
 * Live sets have no addresses when a policy is compiled. What their members count as is a class of its own for each set,
 * prefix length and end, behind the classes that have addresses: the program looks a member up as an address of that
 * class, besides the class that the address has anyway, and the lower value decides.
 */
import type { Family } from '../../base/ip.ts';
import { isAskedFor, liveSetsOf } from '../../policy/live-sets.ts';
import type { Policy } from '../../policy/model.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import type { LiveSetClasses } from '../live-classes.ts';
import type { AddressClasses } from './address-classes.ts';

type Ends = Readonly<Record<'source' | 'destination', AddressClasses>>;

/** With a class for each of the conditions, which are of live sets. Its parent is class 0: what holds for every address. */
export function withLiveClasses(classes: AddressClasses, conditions: readonly AddressCondition[]): AddressClasses {
  if (conditions.length === 0) return classes;
  const first = classes.classes.length;
  const own = conditions.map(({ id }) => ({ parent: 0, added: [id], removed: [], isCarved: false }));
  const ofEvery = classes.classes[0]?.added.length ?? 0;
  return {
    ...classes,
    classes: [...classes.classes, ...own],
    counting: classes.counting + own.length * (1 + ofEvery),
    live: new Map(conditions.map(({ live, length }, index) => [levelKey(live, length), first + index])),
  };
}

/** Those of every live set of the policy, in its order. */
export function liveClassesOf(policy: Policy, families: Readonly<Record<Family, Ends>>): readonly LiveSetClasses[] {
  return liveSetsOf(policy).map(({ name, live: { capacity, levels, feed } }) => {
    const of = (family: Family, end: keyof Ends): readonly number[] => {
      const found = levels[family].map((length) => families[family][end].live?.get(levelKey(name, length)));
      return found.filter((one) => one !== undefined);
    };
    return {
      name,
      capacity,
      blocks: isAskedFor(policy, name, 'block'),
      ...(feed === undefined ? {} : { feed }),
      levels4: levels[4],
      levels6: levels[6],
      source4: of(4, 'source'),
      destination4: of(4, 'destination'),
      source6: of(6, 'source'),
      destination6: of(6, 'destination'),
    };
  });
}

function levelKey(set: string | undefined, length: number): string {
  return `${set} ${length}`;
}
