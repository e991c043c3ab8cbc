/** The ipsecpol and ipseccmd commands of a script, carried out on the same catalogue as its netsh commands. */
import type { Span } from '../../base/diagnostics.ts';
import { Diagnostics } from '../../base/diagnostics.ts';
import { parseFilterSpec } from '../filterspec.ts';
import type { SpecRule, StoredCommand } from '../ipsecpol/command.ts';
import { companionsOf, readIpsecpol } from '../ipsecpol/command.ts';
import { readOptions } from '../ipsecpol/given-options.ts';
import type { Token } from '../token.ts';
import { tokenOf } from '../token.ts';
import { printFilterSpec } from '../yaml/print.ts';
import type { ScriptInterpreter } from './interpreter.ts';
import { newPolicy } from './interpreter.ts';
import { describeNoEffect, NotTaken } from './not-taken.ts';
import type { RuleEntry } from './script-objects.ts';

export interface IpsecpolLine {
  /** After the program. */
  readonly words: readonly Token[];
  readonly refusal: string | undefined;
  readonly span: Span;
}

/** `isThisHost` says it of the name after `\\`. */
export function carryOutIpsecpol(
  interpreter: ScriptInterpreter,
  { words, refusal, span }: IpsecpolLine,
  isThisHost: (name: string) => boolean,
): void {
  try {
    if (refusal !== undefined) throw new NotTaken(refusal);
    carryOut(interpreter, storedCommand(words, isThisHost), span);
  } catch (error) {
    if (error instanceof NotTaken && error.leavesOut) markIncomplete(interpreter, words, span);
    throw error;
  }
}

function storedCommand(words: readonly Token[], isThisHost: (name: string) => boolean): StoredCommand {
  const diags = new Diagnostics();
  const command = readIpsecpol(words, diags);
  if (command === 'usage') throw describeNoEffect('it only asks for the usage text');
  const error = diags.all.find(({ severity }) => severity === 'error');
  if (command === undefined) throw new NotTaken(error?.message ?? 'it cannot be read');
  if (command.machine !== undefined && !isThisHost(command.machine)) {
    throw new NotTaken(`it is for another host, ${command.machine}`);
  }
  switch (command.kind) {
    case 'stored':
      return command;
    case 'dynamic':
      throw new NotTaken('a dynamic rule is part of no policy');
    case 'unload':
      throw describeNoEffect('dynamic rules are part of no policy');
    case 'show':
      throw describeNoEffect('it changes no policy');
    case 'file':
      throw new NotTaken(`it runs the commands of ${command.path}: import that file too`);
  }
}

function carryOut(
  interpreter: ScriptInterpreter,
  { policy: name, change, assignment }: StoredCommand,
  span: Span,
): void {
  const { policies } = interpreter;
  if (change.kind === 'delete-policy') {
    policies.delete(name);
    return;
  }
  const known = policies.find(name);
  if (known === undefined && change.kind === 'none' && assignment !== undefined) policies.get(name);
  const policy = known ?? newPolicy(name, '', span);
  if (change.kind === 'delete-rules') {
    for (const rule of change.rules) policy.rules.getToDelete(rule);
    for (const rule of new Set(change.rules)) policy.rules.delete(rule);
  }
  if (change.kind === 'add') {
    const { group } = change;
    const interfaces = group === undefined ? undefined : interpreter.interfacesOf(group, `-${group}`);
    for (const rule of [change.rule, ...companionsOf(change.rule)]) {
      if (policy.rules.find(rule) !== undefined) policy.rules.delete(rule);
    }
    for (const rule of change.rules) policy.rules.add(ruleOfSpecs(rule, interfaces, span));
  }
  if (known === undefined) policies.add(policy);
  if (assignment === 'assign') interpreter.assign(policy.name);
  else if (assignment === 'unassign') policy.assigned = false;
}

/** The rule that the line would have replaced or deleted is not what the script wants any more. */
function markIncomplete({ policies }: ScriptInterpreter, words: readonly Token[], span: Span): void {
  const { options } = readOptions(words, new Diagnostics());
  const valuesOf = (name: string): readonly string[] =>
    options.filter((option) => option.name === name).flatMap(({ values }) => values.map(({ text }) => text));
  const policy = policies.find((valuesOf('p')[0] ?? '').replace(/:\d+$/u, ''));
  for (const rule of valuesOf('r').flatMap((name) => [name, ...companionsOf(name)])) {
    policy?.rules.find(rule)?.missed.push(span.line);
  }
}

function ruleOfSpecs(
  { name, action, specs }: SpecRule,
  interfaces: readonly string[] | undefined,
  span: Span,
): RuleEntry {
  const filters = specs.flatMap((spec) => parseFilterSpec(tokenOf(spec, span.file), new Diagnostics()).filters);
  const list = {
    name,
    filters: filters.map(({ filter }) => ({ ...filter, text: printFilterSpec(filter) ?? filter.text, span })),
    span,
    missed: [],
    isShipped: false,
  };
  const entry = { name: `${name} negpol`, action, missed: [], isShipped: false };
  return { name, list, action: entry, interfaces, isActive: true, missed: [], span };
}
