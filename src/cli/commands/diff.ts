/** `xdpol diff`: what another version of a policy changes, as written and for packets. */
import { Command } from 'commander';
import type { Prefix } from '../../base/ip.ts';
import { formatPrefix } from '../../base/ip.ts';
import type { PolicyDiff } from '../../formats/diff.ts';
import { diffPolicies } from '../../formats/diff.ts';
import type { PolicyInput } from '../../host/policy-input.ts';
import type { VerdictChange, VerdictChanges } from '../../host/verdict-changes.ts';
import { verdictChanges } from '../../host/verdict-changes.ts';
import type { Decision } from '../../policy/classify.ts';
import { formatPacket } from '../../policy/packet/text.ts';
import { UsageError } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { meOf, readyInput } from '../read-policy.ts';
import { print, printJson } from '../render/terminal.ts';

interface DiffOptions extends MeOptions {
  readonly json?: boolean;
}

interface Side {
  readonly label: string;
  readonly input: PolicyInput;
}

/** Prefixes of a changed set that are shown. */
const SHOWN_PREFIXES = 5;

function sideOf(argument: string): Side {
  return { label: argument, input: policyArgument(argument) };
}

async function assignedSide(): Promise<Side> {
  const assignment = await reachHost().assignment();
  if (assignment === null) {
    throw new UsageError('no policy is assigned to compare with', 'name both: xdpol diff edge@3 edge.yaml');
  }
  const { policy, version } = assignment;
  return { label: `${policy}@${version}, assigned`, input: { stored: policy, version } };
}

async function run(first: string, second: string | undefined, options: DiffOptions): Promise<void> {
  const before = second === undefined ? await assignedSide() : sideOf(first);
  const after = sideOf(second ?? first);
  const [a, b] = [
    await readyInput(before.input, (policy) => meOf(policy, options)),
    await readyInput(after.input, (policy) => meOf(policy, options)),
  ];
  const diff = diffPolicies(a.policy, b.policy);
  const verdicts = verdictChanges(a, b, diff);
  if (options.json === true) printJson(plain(before.label, after.label, diff, verdicts));
  else print(render(before.label, after.label, diff, verdicts));
}

function isSame({ settings, rules, addressSets }: PolicyDiff): boolean {
  return settings.length + rules.length + addressSets.length === 0;
}

function plain(from: string, to: string, diff: PolicyDiff, { tried, changes }: VerdictChanges): unknown {
  return {
    from,
    to,
    same: isSame(diff),
    settings: diff.settings,
    rules: diff.rules.map(({ rule, change, values, added, removed }) => ({
      rule,
      change,
      values,
      added: added.map((filter) => filter.text),
      removed: removed.map((filter) => filter.text),
    })),
    addressSets: diff.addressSets.map(({ set, change, values, added, removed }) => ({
      set,
      change,
      values,
      added: added.map(formatPrefix),
      removed: removed.map(formatPrefix),
    })),
    packets: {
      tried,
      changes: changes.map(({ before, after, interfaceName, example, packets }) => ({
        packet: formatPacket(example),
        interface: interfaceName ?? null,
        packets,
        before: shortDecision(before),
        after: shortDecision(after),
      })),
    },
  };
}

function shortDecision({ verdict, by, rule, filter, reason }: Decision): Omit<Decision, 'fragment'> {
  return { verdict, by, rule, filter, reason };
}

function render(from: string, to: string, diff: PolicyDiff, verdicts: VerdictChanges): string {
  const lines = [`--- ${from}`, `+++ ${to}`];
  if (isSame(diff)) lines.push('the same rules, filters and addresses');
  for (const { what, before, after } of diff.settings) lines.push(`${what}: ${before} -> ${after}`);
  for (const { rule, change, values, added, removed } of diff.rules) {
    lines.push(`rule ${rule}: ${change}`);
    for (const { what, before, after } of values) lines.push(`  ${what}: ${before} -> ${after}`);
    for (const { text } of removed) lines.push(`  - ${text}`);
    for (const { text } of added) lines.push(`  + ${text}`);
  }
  for (const { set, change, values, added, removed } of diff.addressSets) {
    lines.push(`address set ${set}: ${change}, ${added.length} added, ${removed.length} removed`);
    for (const { what, before, after } of values) lines.push(`  ${what}: ${before} -> ${after}`);
    lines.push(...prefixLines('-', removed), ...prefixLines('+', added));
  }
  return [...lines, '', ...verdictLines(verdicts)].join('\n');
}

function prefixLines(sign: string, prefixes: readonly Prefix[]): readonly string[] {
  const shown = prefixes.slice(0, SHOWN_PREFIXES).map((prefix) => `  ${sign} ${formatPrefix(prefix)}`);
  const rest = prefixes.length - shown.length;
  return rest === 0 ? shown : [...shown, `  ${sign} and ${rest} more`];
}

function verdictLines({ tried, changes }: VerdictChanges): readonly string[] {
  if (changes.length === 0) return [`no verdict changes for ${tried} packets at the edges of both`];
  const sum = changes.reduce((total, change) => total + change.packets, 0);
  return [
    `the verdict changes for ${sum} of ${tried} packets at the edges of both, such as`,
    ...changes.map(changeLine),
  ];
}

function changeLine({ before, after, interfaceName, example }: VerdictChange): string {
  const who = ({ verdict, by, rule, reason }: Decision): string => `${verdict} by ${rule ?? reason ?? by}`;
  const where = interfaceName === undefined ? '' : ` on ${interfaceName}`;
  return `  ${formatPacket(example)}${where}: ${who(before)} -> ${who(after)}`;
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .description(
      'what changes from one policy to another: rules, filters, addresses, and packets whose verdict changes',
    )
    .argument('<from>', 'NAME@VERSION, a file, or a stored policy; alone: what the assigned policy would become')
    .argument('[to]', 'the same')
    .addOption(meOption())
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol diff edge@3 edge@4', 'xdpol diff edge.yaml        # against what is assigned');
}
