/** Policies that the tables have no room for are refused with the numbers, and with what makes them so large. */
import type { Diagnostics } from '../base/diagnostics.ts';
import type { HostAddresses, Policy, Rule } from '../policy/model.ts';
import type { FilterCount } from './conditions/directed-counts.ts';
import { directedCounts } from './conditions/directed-counts.ts';

/** Directed filters: ranking, classes and tables of so many take up to two minutes and three gibibytes. */
export const MAX_DIRECTED: number = 1 << 19;

/** Rules and filters that are named. */
const NAMED = 3;

/** Reports a policy that would have too many directed filters, before any of them is made. */
export function refuseTooManyFilters(policy: Policy, host: HostAddresses, diags: Diagnostics): boolean {
  const counts = directedCounts(policy, host);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total <= MAX_DIRECTED) return false;
  const largest = [...counts].sort((a, b) => b.count - a.count).slice(0, NAMED);
  diags.report(
    'XP0701',
    largest[0]?.filter.span ?? policy.span,
    `the policy is too large for the tables: ${total} directed filters, the tables hold ${MAX_DIRECTED}; the largest are ${nameLargest(largest)}`,
    'each width of a port range and each length of an address is a directed filter of its own: use fewer widths and lengths, or one wider range or prefix around them',
  );
  return true;
}

function nameLargest(largest: readonly FilterCount[]): string {
  return largest
    .map(({ rule, filter, count }) => `${shortenText(filter.text)} of rule ${rule.name} with ${count}`)
    .join(', ');
}

/** Lists of ports are long. */
function shortenText(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** How much of what there is too much of a rule has. */
export interface RuleCount {
  readonly rule: Rule;
  readonly count: number;
}

/** `what`: such as `IPv4 source`. */
export function refuseTooManyClasses(
  policy: Policy,
  diags: Diagnostics,
  { what, count, most }: { readonly what: string; readonly count: number; readonly most: number },
  byRule: readonly RuleCount[],
): undefined {
  const largest = [...byRule].sort((a, b) => b.count - a.count).slice(0, NAMED);
  const rules = largest.map(({ rule, count: own }) => `${rule.name} with ${own}`).join(', ');
  diags.report(
    'XP0701',
    largest[0]?.rule.span ?? policy.span,
    `the policy is too large for the tables: ${count} ${what} classes, the tables hold ${most}; the rules that need most classes are ${rules}`,
    what.startsWith('IP')
      ? 'put addresses that are treated alike into one address set'
      : 'give filters port ranges in common, so that fewer classes of ports are needed',
  );
}
