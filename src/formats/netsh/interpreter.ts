/** Carries out the commands of a script on a catalogue. A command that cannot be is NotTaken, and changes nothing. */
import type { Span } from '../../base/diagnostics.ts';
import { Diagnostics } from '../../base/diagnostics.ts';
import type { Action, Filter } from '../../policy/model.ts';
import { parseFilterSpec } from '../filterspec.ts';
import type { SpecRule, StoredCommand } from '../ipsecpol/command.ts';
import { companionsOf, readIpsecpol } from '../ipsecpol/command.ts';
import type { Token } from '../token.ts';
import { tokenOf } from '../token.ts';
import { readName } from '../yaml/names.ts';
import { printFilterSpec } from '../yaml/print.ts';
import type { NetshCommand, NetshValues } from './arguments.ts';
import { readNetshCommand } from './arguments.ts';
import type { ActionEntry, ListEntry, PolicyEntry, RuleEntry } from './catalogue.ts';
import { Entries } from './catalogue.ts';
import { readNetshFilter } from './filter.ts';
import { NotTaken } from './not-taken.ts';

export class ScriptInterpreter {
  readonly policies: Entries<PolicyEntry> = new Entries('policy');
  readonly lists: Entries<ListEntry> = new Entries('filter list');
  readonly actions: Entries<ActionEntry> = new Entries('filter action');

  netsh(words: readonly Token[], span: Span): void {
    const command = readNetshCommand(words);
    switch (command.object) {
      case 'policy':
        this.#policy(command, span);
        break;
      case 'filterlist':
        this.#filterList(command, span);
        break;
      case 'filter':
        this.#filter(command, span);
        break;
      case 'filteraction':
        this.#filterAction(command);
        break;
      case 'rule':
        this.#rule(command, span);
        break;
    }
  }

  ipsecpol(words: readonly Token[], span: Span): void {
    const diags = new Diagnostics();
    const command = readIpsecpol(words, diags);
    if (command === 'usage') throw new NotTaken('it only asks for the usage text');
    const error = diags.all.find(({ severity }) => severity === 'error');
    if (command === undefined) throw new NotTaken(error?.message ?? 'it cannot be read');
    if (command.machine !== undefined) throw new NotTaken('it is for another host');
    if (command.kind === 'dynamic') throw new NotTaken('a dynamic rule is part of no policy');
    this.#ipsecpolCommand(command, span);
  }

  #policy({ verb, values }: NetshCommand, span: Span): void {
    if (verb === 'delete') {
      if (values.isAll) this.policies.clear();
      else this.policies.delete(values.required('name').text);
      return;
    }
    const assigned = values.flag('assign');
    if (verb === 'add') {
      const name = newName(values.required('name'), 'policy');
      this.policies.add(newPolicy(name, values.text('description') ?? '', span));
      if (assigned === true) this.#assign(name);
      return;
    }
    const policy = this.policies.get(values.required('name').text);
    renameIfAsked(this.policies, policy, values, 'policy');
    policy.description = values.text('description') ?? policy.description;
    if (assigned === true) this.#assign(policy.name);
    else if (assigned === false) policy.assigned = false;
  }

  /** One at a time. */
  #assign(name: string): void {
    for (const policy of this.policies.all) policy.assigned = policy.name === name;
  }

  #filterList({ verb, values }: NetshCommand, span: Span): void {
    if (verb === 'add') {
      this.lists.add({ name: newName(values.required('name'), 'filter list'), filters: [], span });
      return;
    }
    if (verb === 'set') {
      renameIfAsked(this.lists, this.lists.get(values.required('name').text), values, 'filter list');
      return;
    }
    const gone = values.isAll ? this.lists.all : [this.lists.get(values.required('name').text)];
    const user = this.#rules().find(({ list }) => gone.includes(list));
    if (user !== undefined) throw new NotTaken(`rule "${user.name}" uses the filter list`);
    for (const { name } of gone) this.lists.delete(name);
  }

  /** netsh makes the list that a filter names where it is missing. */
  #filter({ verb, values }: NetshCommand, span: Span): void {
    if (verb === 'set') throw new NotTaken('netsh has no set filter: delete it and add it');
    const name = values.required('filterlist');
    const filter = readNetshFilter(values, span);
    if (verb === 'delete') {
      this.#deleteFilter(this.lists.get(name.text), filter);
      return;
    }
    const list = this.lists.find(name.text) ?? { name: newName(name, 'filter list'), filters: [], span };
    if (this.lists.find(name.text) === undefined) this.lists.add(list);
    list.filters.push(filter);
  }

  #deleteFilter(list: ListEntry, filter: Filter): void {
    const at = list.filters.findIndex((other) => sameFilter(other, filter));
    if (at < 0) throw new NotTaken(`filter list "${list.name}" has no such filter`);
    list.filters.splice(at, 1);
  }

  #filterAction({ verb, values }: NetshCommand): void {
    if (verb === 'delete') {
      const gone = values.isAll ? this.actions.all : [this.actions.get(values.required('name').text)];
      const user = this.#rules().find(({ action }) => gone.includes(action));
      if (user !== undefined) throw new NotTaken(`rule "${user.name}" uses the filter action`);
      for (const { name } of gone) this.actions.delete(name);
      return;
    }
    if (verb === 'add') {
      const name = newName(values.required('name'), 'filter action');
      this.actions.add({ name, action: actionOf(values.text('action') ?? 'negotiate') });
      return;
    }
    const action = this.actions.get(values.required('name').text);
    const text = values.text('action');
    const changed = text === undefined ? action.action : actionOf(text);
    renameIfAsked(this.actions, action, values, 'filter action');
    action.action = changed;
  }

  #rule({ verb, values }: NetshCommand, span: Span): void {
    const policy = this.policies.get(values.required('policy').text);
    if (verb === 'delete') {
      if (values.isAll) policy.rules.clear();
      else policy.rules.delete(values.required('name').text);
      return;
    }
    requireUnlimited(values);
    // netsh keeps a rule that is not active; here it would be one.
    if (values.flag('activate') === false) {
      if (verb === 'set') policy.rules.delete(values.required('name').text);
      throw new NotTaken('the rule is not active');
    }
    if (verb === 'add') {
      const list = this.lists.get(values.required('filterlist').text);
      const action = this.#action(values.required('filteraction').text);
      policy.rules.add({ name: newName(values.required('name'), 'rule'), list, action, span });
      return;
    }
    const rule = policy.rules.get(values.required('name').text);
    const [list, action] = [values.text('filterlist'), values.text('filteraction')];
    const changed = {
      list: list === undefined ? rule.list : this.lists.get(list),
      action: action === undefined ? rule.action : this.#action(action),
    };
    renameIfAsked(policy.rules, rule, values, 'rule');
    Object.assign(rule, changed);
  }

  #action(name: string): ActionEntry {
    const action = this.actions.get(name);
    if (action.action === undefined) throw new NotTaken(`filter action "${name}" negotiates security`);
    return action;
  }

  #rules(): readonly RuleEntry[] {
    return this.policies.all.flatMap(({ rules }) => rules.all);
  }

  #ipsecpolCommand({ policy: name, change, assignment }: StoredCommand, span: Span): void {
    if (change.kind === 'delete-policy') {
      this.policies.delete(name);
      return;
    }
    if (change.kind === 'add' && change.group !== undefined) {
      throw new NotTaken(`-${change.group} is a group of interfaces: add interfaces: to the rule by hand`);
    }
    const known = this.policies.find(name);
    if (known === undefined && change.kind === 'none' && assignment !== undefined) this.policies.get(name);
    const policy = known ?? newPolicy(name, '', span);
    if (change.kind === 'delete-rules') {
      for (const rule of change.rules) policy.rules.get(rule);
      for (const rule of new Set(change.rules)) policy.rules.delete(rule);
    }
    if (change.kind === 'add') {
      for (const rule of [change.rule, ...companionsOf(change.rule)]) {
        if (policy.rules.find(rule) !== undefined) policy.rules.delete(rule);
      }
      for (const rule of change.rules) policy.rules.add(ruleOfSpecs(rule, span));
    }
    if (known === undefined) this.policies.add(policy);
    if (assignment === 'assign') this.#assign(policy.name);
    else if (assignment === 'unassign') policy.assigned = false;
  }
}

function newPolicy(name: string, description: string, span: Span): PolicyEntry {
  return { name, description: description.trim(), assigned: false, rules: new Entries<RuleEntry>('rule'), span };
}

function newName(token: Token, what: string): string {
  const diags = new Diagnostics();
  const name = readName(token, what, diags);
  if (name === undefined) throw new NotTaken(diags.all[0]?.message ?? 'its name cannot be used');
  return name;
}

function renameIfAsked<T extends { name: string }>(
  entries: Entries<T>,
  entry: T,
  values: NetshValues,
  what: string,
): void {
  const name = values.token('newname');
  if (name !== undefined) entries.rename(entry, newName(name, what));
}

function actionOf(text: string): Action | undefined {
  switch (text.toLowerCase()) {
    case 'permit':
      return 'permit';
    case 'block':
      return 'block';
    case 'negotiate':
      throw new NotTaken('it negotiates security, and nothing here does; the actions are permit and block');
    default:
      throw new NotTaken(`action=${text} is neither permit nor block`);
  }
}

/** A permit that has lost its limits would open more than it did. */
function requireUnlimited(values: NetshValues): void {
  const type = values.text('conntype') ?? 'all';
  if (type.toLowerCase() !== 'all') {
    throw new NotTaken(`conntype=${type} is a group of interfaces: add interfaces: to the rule by hand`);
  }
  if (values.token('tunnel') !== undefined) throw new NotTaken('it is for a tunnel of negotiated security');
}

function sameFilter(a: Filter, b: Filter): boolean {
  return meaningOf(a) === meaningOf(b);
}

function meaningOf({ source, destination, sourcePorts, destinationPorts, protocol, mirrored }: Filter): string {
  return JSON.stringify([source, destination, sourcePorts, destinationPorts, protocol ?? null, mirrored]);
}

function ruleOfSpecs({ name, action, specs }: SpecRule, span: Span): RuleEntry {
  const filters = specs.flatMap((spec) => parseFilterSpec(tokenOf(spec, span.file), new Diagnostics()).filters);
  const list = {
    name,
    filters: filters.map(({ filter }) => ({ ...filter, text: printFilterSpec(filter) ?? filter.text, span })),
    span,
  };
  return { name, list, action: { name: `${name} negpol`, action }, span };
}
