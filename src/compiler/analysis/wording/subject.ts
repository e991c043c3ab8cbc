/** Filters and packets as the messages name them. */
import type { SeenPacket } from '../../../policy/packet/text.ts';
import { formatSeenPacket } from '../../../policy/packet/text.ts';
import type { RuleFilter } from '../universe.ts';

/** `"*+131.107.1.1:80:TCP" (permit, rule "web", line 12)`. */
export function describeFilter({ filter, rule }: RuleFilter): string {
  const line = filter.span.lineText === '' ? '' : `, line ${filter.span.line}`;
  return `${shortenText(filter.text)} (${rule.action}, rule "${rule.name}"${line})`;
}

/** `this filter (permit, rule "web")`: the one that a diagnostic is reported at. */
export function thisFilter({ rule }: RuleFilter): string {
  return `this filter (${rule.action}, rule "${rule.name}")`;
}

export function describeDropper(by: RuleFilter | 'default'): string {
  return by === 'default' ? 'the default' : describeFilter(by);
}

/** What it comes to that a filter matches nothing. */
export function blocksNothing({ rule }: RuleFilter): string {
  return rule.action === 'block' ? ': nothing is blocked by it' : '';
}

/** As one argument of a shell: `xdpol explain POLICY 'tcp ...'` says the same of it. */
export function quotePacket(seen: SeenPacket): string {
  return `'${formatSeenPacket(seen)}'`;
}

const LONGEST_TEXT = 80;

function shortenText(text: string): string {
  return `"${text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`}"`;
}
