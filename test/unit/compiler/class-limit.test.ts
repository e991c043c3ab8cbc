/** What the tables have no room for is refused with the numbers, and with the filters or rules that make it so large. */
import { expect, test } from 'vitest';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { compile } from '../../../src/compiler/compile.ts';
import { directedCounts } from '../../../src/compiler/conditions/directed-counts.ts';
import { rankFilters } from '../../../src/compiler/conditions/expand.ts';
import { DEFAULT_BUDGETS } from '../../../src/compiler/rules/rule-table.ts';
import type { Policy } from '../../../src/policy/model.ts';
import { compiled } from '../../support/kernel.ts';
import type { FilterFields } from '../../support/policies.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../../support/policies.ts';

const HOST = hostOf(['10.0.0.1']);

test('more classes of addresses than the budget has', () => {
  const filters = Array.from({ length: 10 }, (_, i): FilterFields => ({ from: `10.0.0.${2 * i}` }));
  const budgets = { ...DEFAULT_BUDGETS, addressClasses: 10 };
  const diags = new Diagnostics();
  expect(compile(policyOf([block(...filters)]), HOST, diags, { budgets })).toBeUndefined();
  expect(diags.all).toMatchObject([
    {
      code: 'XP0701',
      severity: 'error',
      message: expect.stringMatching(/: 11 IPv4 source classes, the tables hold 10;/u) as string,
    },
  ]);
  expect(diags.all[0]?.message).toMatch(/the rules that need most classes are block 1 with 10$/u);
  expect(compiled(policyOf([block(...filters.slice(1))]), HOST, { budgets }).statistics.classes.source4).toBe(10);
});

/** Ranges of 1, 2, 3, ... ports, each of a width of its own. */
function widths(count: number): string {
  const ranges: string[] = [];
  for (let i = 0, lo = 1; i < count; lo += i + 2, i++) ranges.push(`${lo}-${lo + i}`);
  return ranges.join(',');
}

function messageOf(policy: Policy): string | undefined {
  const diags = new Diagnostics();
  expect(compile(policy, HOST, diags)).toBeUndefined();
  expect(diags.all.map(({ code }) => code)).toEqual(['XP0701']);
  return diags.all[0]?.message;
}

// 32 prefix lengths and 25 widths at each end, both halves: 1,280,000 from one filter, and 2 of the other.
test('more directed filters than there are ranks for, before any is made', () => {
  const nested = Array.from({ length: 32 }, (_, i) => `10.0.0.0/${i + 1}`);
  const large = { from: '$nested', to: '$nested', protocol: 'tcp', sport: widths(25), dport: widths(25) };
  const rules = [block({ ...large, mirrored: true }), permit({ to: '10.0.0.1', mirrored: true })];
  const message = messageOf(policyOf(rules, { addressSets: setsOf({ nested }) }));
  expect(message).toMatch(
    /: 1280002 directed filters, the tables hold 524288; the largest are .* of rule block 1 with/u,
  );
  expect(message).toMatch(/ of rule block 1 with 1280000, .* of rule permit 2 with 2$/u);
});

test('more classes of services than their numbers hold', { timeout: 120_000 }, () => {
  const filters = ['tcp', 'udp'].flatMap((protocol) =>
    Array.from({ length: 33_000 }, (_, i): FilterFields => ({ protocol, dport: `${i + 1}` })),
  );
  expect(messageOf(policyOf([block(...filters), permit({ protocol: 47 })]))).toMatch(
    /: 66002 destination service classes, .* are block 1 with 66000, permit 2 with 1$/u,
  );
});

test('what is counted is what is made', () => {
  const policy = policyOf(
    [
      block(
        { from: '$mixed', to: 'me', protocol: 'tcp', dport: '80,90-99,100-109,443', mirrored: true },
        { from: '10.0.0.0/16, 192.0.2.1, $mixed', protocol: 'icmp', type: [3, 8] },
      ),
      permit({ to: '2001:db8::/32' }, { from: '10.0.0.1', to: '2001:db8::1' }, {}),
    ],
    { addressSets: setsOf({ mixed: ['10.0.0.0/24', '10.1.0.0/24', '10.2.0.0/16', '2001:db8::/48'] }) },
  );
  const counts = directedCounts(policy, HOST).map(({ count }) => count);
  const made = (index: number): number => {
    const filter = policy.rules.flatMap(({ filterList }) => filterList.filters)[index];
    return rankFilters(policy, HOST, undefined).filter((directed) => directed.filter === filter).length;
  };
  expect(counts).toEqual([0, 1, 2, 3, 4].map(made));
});
