/**
 * A script of `netsh ipsec static`, ipsecpol and ipseccmd commands as a policy, to be reviewed: every line that is no part
 * of it is reported with the reason.
 */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { spanOfFile } from '../../base/diagnostics.ts';
import { emptyPolicy } from '../../policy/defaults.ts';
import type { FilterList, Policy, Rule } from '../../policy/model.ts';
import type { PolicyComments } from '../yaml/print.ts';
import type { ListEntry, PolicyEntry } from './catalogue.ts';
import { ScriptInterpreter } from './interpreter.ts';
import { NotTaken } from './not-taken.ts';
import type { ScriptLine } from './script-lines.ts';
import { scriptLines } from './script-lines.ts';

export interface ScriptSource {
  /** As diagnostics name it. */
  readonly file: string;
  readonly text: string;
  /** The policy wanted; without one it is the assigned one, else the only one. */
  readonly name: string | undefined;
}

export interface ScriptPolicy {
  readonly policy: Policy;
  /** For printPolicy. */
  readonly comments: PolicyComments;
}

/** The policy, or undefined where the script makes none. */
export function readScript(source: ScriptSource, diags: Diagnostics): ScriptPolicy | undefined {
  const interpreter = new ScriptInterpreter();
  const text = source.text.startsWith('\ufeff') ? source.text.slice(1) : source.text;
  const missed: number[] = [];
  let silent = 0;
  for (const line of scriptLines(source.file, text)) {
    if (line.kind === 'silent') silent++;
    else if (!take(interpreter, line, diags)) missed.push(line.span.line);
  }
  if (silent > 0) {
    const lines =
      silent === 1 ? '1 line is blank, a comment or output' : `${silent} lines are blank, comments or output`;
    diags.report('XP0531', spanOfFile(source.file), `${lines}: skipped`);
  }
  const chosen = choose(source, interpreter.policies.all, diags);
  if (chosen === undefined) return undefined;
  const policy = policyOf(chosen);
  return { policy, comments: new Map([[policy, commentOf(source, missed)]]) };
}

function take(
  interpreter: ScriptInterpreter,
  line: Exclude<ScriptLine, { kind: 'silent' }>,
  diags: Diagnostics,
): boolean {
  try {
    if (line.kind === 'other') throw new NotTaken(line.why);
    if (line.kind === 'netsh') interpreter.netsh(line.words, line.span);
    else interpreter.ipsecpol(line.words, line.span);
    return true;
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    diags.report('XP0530', line.span, `not taken: ${error.message}`);
    return false;
  }
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

function commentOf({ file }: ScriptSource, missed: readonly number[]): string {
  const name = file.replaceAll(/\s+/gu, ' ');
  const made = `Made from ${name}: review it, and run xdpol check, before it is applied.`;
  return missed.length === 0 ? made : `${made}\nLines that were not taken: ${missed.join(', ')}.`;
}

function policyOf({ name, description, rules, span }: PolicyEntry): Policy {
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
  const made = rules.all.flatMap((rule): readonly Rule[] => {
    const { action } = rule.action;
    const filterList = listOf(rule.list);
    return action === undefined
      ? []
      : [{ name: rule.name, filterList, action, interfaces: undefined, span: rule.span }];
  });
  return {
    ...emptyPolicy(name, span),
    description,
    filterLists: new Map([...lists.values()].map((list) => [list.name, list])),
    rules: made,
  };
}
