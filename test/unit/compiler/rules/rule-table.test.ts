/** How many classes the hash of pairs has keys for. The classes are made up: a policy that has so many takes seconds. */
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import type { AddressClasses } from '../../../../src/compiler/classes/address-classes.ts';
import { RankSets } from '../../../../src/compiler/classes/rank-sets.ts';
import { serviceClasses } from '../../../../src/compiler/classes/service-classes.ts';
import { rankFilters } from '../../../../src/compiler/conditions/expand.ts';
import { RuleSets, ruleValue } from '../../../../src/compiler/rules/rule-sets.ts';
import type { RuleTable } from '../../../../src/compiler/rules/rule-table.ts';
import { DEFAULT_BUDGETS, ruleTable } from '../../../../src/compiler/rules/rule-table.ts';
import { hostOf, permit, policyOf } from '../../../support/policies.ts';

/** So many classes, of which only the last one counts a condition. */
function classesWith(count: number, condition: number): AddressClasses {
  const classes = Array.from({ length: count }, (_, i) => ({
    parent: 0,
    added: i === count - 1 ? [condition] : [],
    removed: [],
    isCarved: false,
  }));
  const ranges = { starts: new Uint32Array(1), rangeClasses: new Uint32Array(1), rangeCount: 1 };
  return { family: 4, classes, ...ranges, counting: 1, prefixes: undefined };
}

/** The table of one filter between the last classes of both ends. */
function tableOf(classCount: number): RuleTable {
  const ranked = rankFilters(policyOf([permit({ from: '10.0.0.1', to: '10.0.0.2' })]), hostOf(), undefined);
  const { source, destination } = present(ranked[0]);
  const rankSets = new RankSets(ranked.length);
  const services = serviceClasses(ranked, rankSets);
  return ruleTable({
    ranked,
    source: classesWith(classCount, source.id),
    destination: classesWith(classCount, destination.id),
    services,
    sets: new RuleSets(ranked, services, ruleValue(ranked.length, false)),
    rankSets,
    budgets: DEFAULT_BUDGETS,
    progress: () => undefined,
  });
}

test('65,535 classes at each end have pairs', () => {
  expect(tableOf(65_535)).toMatchObject({ mode: 'sparse', pairCount: 1 });
});

// The key of the last pair of one more would be 0, as that of a free place is.
test('65,536 classes have rank sets', () => {
  expect(tableOf(65_536).mode).toBe('ranks');
});
