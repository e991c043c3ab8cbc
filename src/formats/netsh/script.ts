/**
 * A script of `netsh ipsec static`, ipsecpol and ipseccmd commands as a policy, to be reviewed: every line that is no part
 * of it is reported with the reason, and no rule is a part of what the script wants.
 */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { spanOfFile } from '../../base/diagnostics.ts';
import { emptyPolicy } from '../../policy/defaults.ts';
import type { FilterList, Policy, Rule } from '../../policy/model.ts';
import type { PolicyComments } from '../yaml/print.ts';
import type { GroupNames } from './interpreter.ts';
import { ScriptInterpreter } from './interpreter.ts';
import { carryOutIpsecpol } from './ipsecpol-lines.ts';
import { NotTaken } from './not-taken.ts';
import type { ScriptLine } from './script-lines.ts';
import { scriptLines } from './script-lines.ts';
import type { ListEntry, PolicyEntry, RuleEntry } from './script-objects.ts';

export interface ScriptSource {
  /** As diagnostics name it. */
  readonly file: string;
  readonly text: string;
  /** The policy wanted; without one it is the assigned one, else the only one. */
  readonly name: string | undefined;
  /** None are known where it is absent. */
  readonly groups?: GroupNames;
  /** Is the name after `\\` that of the host that the policy is for? No name is where it is absent. */
  readonly isThisHost?: (name: string) => boolean;
}

export interface ScriptPolicy {
  readonly policy: Policy;
  /** For printPolicy. */
  readonly comments: PolicyComments;
  /** Lines that permit or block, or may, and are not in the policy; in order. */
  readonly leftOut: readonly number[];
}

/** The policy, or undefined where the script makes none. */
export function readScript(source: ScriptSource, diags: Diagnostics): ScriptPolicy | undefined {
  const interpreter = new ScriptInterpreter(source.groups ?? { lan: [], dialup: [] }, source.file);
  const text = source.text.startsWith('\ufeff') ? source.text.slice(1) : source.text;
  const leftOut = new Set<number>();
  let silent = 0;
  for (const line of scriptLines(source.file, text)) {
    if (line.kind === 'silent') silent++;
    else if (!take(interpreter, line, source, diags)) leftOut.add(line.span.line);
  }
  if (silent > 0) {
    const lines =
      silent === 1 ? '1 line is blank, a comment or output' : `${silent} lines are blank, comments or output`;
    diags.report('XP0531', spanOfFile(source.file), `${lines}: skipped`);
  }
  const chosen = choose(source, interpreter.policies.all, diags);
  if (chosen === undefined) return undefined;
  const rules = chosen.rules.all.filter((rule) => isWhole(rule, leftOut, diags));
  const policy = policyOf(chosen, rules);
  const lines = [...leftOut].sort((a, b) => a - b);
  return { policy, comments: new Map([[policy, commentOf(source, lines)]]), leftOut: lines };
}

/** Is nothing left out by not taking the line, or was it taken? */
function take(
  interpreter: ScriptInterpreter,
  line: Exclude<ScriptLine, { kind: 'silent' }>,
  source: ScriptSource,
  diags: Diagnostics,
): boolean {
  try {
    if (line.kind === 'other') throw new NotTaken(line.why, line.leavesOut);
    if (line.kind === 'ipsecpol') carryOutIpsecpol(interpreter, line, source.isThisHost ?? (() => false));
    else reportStray(interpreter.netsh(line.words, line.span, line.refusal), diags);
    return true;
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    if (error.leavesOut) diags.report('XP0530', line.span, `left out: ${error.message}`);
    else diags.report('XP0534', line.span, `no effect: ${error.message}`);
    return !error.leavesOut;
  }
}

function reportStray(words: ReturnType<ScriptInterpreter['netsh']>, diags: Diagnostics): void {
  for (const { text, span } of words) {
    const help = 'put a value with spaces in double quotes';
    diags.report('XP0535', span, `"${text}" belongs to no key and is ignored`, help);
  }
}

/** Reports a rule that is not all that the script wants, and adds its line to `leftOut`. */
function isWhole(rule: RuleEntry, leftOut: Set<number>, diags: Diagnostics): boolean {
  const { list, action } = rule;
  if (!rule.isActive) {
    diags.report('XP0538', rule.span, `rule "${rule.name}" is left out: it is not active`);
    return false;
  }
  const about: readonly (readonly [what: string, lines: readonly number[]])[] = [
    ['the rule', rule.missed],
    [`its filter list "${list.name}"`, list.missed],
    [`its filter action "${action.name}"`, action.missed],
  ];
  const broken = about.find(([, lines]) => lines.length > 0);
  if (broken !== undefined) {
    const [what, lines] = broken;
    const named = `${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}`;
    diags.report('XP0536', rule.span, `rule "${rule.name}" is left out: ${what} is not whole without ${named}`);
    leftOut.add(rule.span.line);
    return false;
  }
  if (list.filters.length > 0) return true;
  diags.report('XP0538', rule.span, `rule "${rule.name}" is left out: its filter list "${list.name}" is empty`);
  return false;
}

function choose(source: ScriptSource, all: readonly PolicyEntry[], diags: Diagnostics): PolicyEntry | undefined {
  const names = all.map(({ name }) => `"${name}"`).join(', ');
  const [first] = all;
  if (first === undefined) return diags.report('XP0532', spanOfFile(source.file), 'the script leaves no policy');
  if (source.name !== undefined) {
    const named = all.find(({ name }) => name.toLowerCase() === source.name?.toLowerCase());
    if (named !== undefined) return named;
    return diags.report('XP0532', spanOfFile(source.file), `no policy "${source.name}"`, `the script leaves: ${names}`);
  }
  const chosen = all.find(({ assigned }) => assigned) ?? first;
  if (all.length > 1) {
    const message = `the script leaves several policies (${names}); this is "${chosen.name}"`;
    diags.report('XP0533', chosen.span, message, '--name chooses another');
  }
  return chosen;
}

function commentOf({ file }: ScriptSource, leftOut: readonly number[]): string {
  const name = file.replaceAll(/\s+/gu, ' ');
  const made = `Made from ${name}: review it, and run xdpol check, before it is applied.`;
  return leftOut.length === 0 ? made : `${made}\nLines that were left out: ${leftOut.join(', ')}.`;
}

function policyOf({ name, description, span }: PolicyEntry, rules: readonly RuleEntry[]): Policy {
  const lists = new Map<ListEntry, FilterList>();
  const names = new Set<string>();
  const listOf = (entry: ListEntry): FilterList => {
    const known = lists.get(entry);
    if (known !== undefined) return known;
    let unique = entry.name;
    for (let i = 2; names.has(unique); i++) unique = `${entry.name} ${i}`;
    names.add(unique);
    const list = { name: unique, filters: entry.filters, span: entry.span };
    lists.set(entry, list);
    return list;
  };
  const made = rules.flatMap((rule): readonly Rule[] => {
    const { action } = rule.action;
    const filterList = listOf(rule.list);
    return action === undefined
      ? []
      : [{ name: rule.name, filterList, action, interfaces: rule.interfaces, span: rule.span }];
  });
  return {
    ...emptyPolicy(name, span),
    description,
    filterLists: new Map([...lists.values()].map((list) => [list.name, list])),
    rules: made,
  };
}
