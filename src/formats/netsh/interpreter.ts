/** Carries out the commands of a script on a catalogue. A command that cannot be is NotTaken, and changes nothing. */
import type { Span } from '../../base/diagnostics.ts';
import { Diagnostics, spanOfFile } from '../../base/diagnostics.ts';
import type { Action, Filter } from '../../policy/model.ts';
import type { Token } from '../token.ts';
import { readName } from '../yaml/read-names.ts';
import type { NetshCommand, NetshValues } from './arguments.ts';
import { readNetshCommand } from './arguments.ts';
import { readNetshFilter } from './filter.ts';
import { isDeleteAll } from './keywords.ts';
import { describeNoEffect, NotTaken } from './not-taken.ts';
import type { ActionEntry, ListEntry, PolicyEntry, RuleEntry } from './script-objects.ts';
import { Entries } from './script-objects.ts';
import { shippedActions, shippedLists } from './shipped.ts';

/** Names of the interfaces that a rule of each group is limited to; none: not known. */
export type GroupNames = Readonly<Record<'lan' | 'dialup', readonly string[]>>;

export class ScriptInterpreter {
  readonly policies: Entries<PolicyEntry> = new Entries('policy');
  readonly lists: Entries<ListEntry> = new Entries('filter list');
  readonly actions: Entries<ActionEntry> = new Entries('filter action');
  readonly #groups: GroupNames;
  readonly #file: string;

  constructor(groups: GroupNames, file: string) {
    this.#groups = groups;
    this.#file = file;
    this.#addShipped();
  }

  /** Gives the words that it did not understand and that change nothing. `refusal`: why it cannot be carried out. */
  netsh(words: readonly Token[], span: Span, refusal: string | undefined): readonly Token[] {
    if (isDeleteAll(words[0]?.text, words[1]?.text)) {
      if (refusal !== undefined) throw new NotTaken(refusal);
      this.#deleteAll();
      return words.slice(2);
    }
    const command = readNetshCommand(words);
    try {
      if (refusal !== undefined) throw new NotTaken(refusal);
      command.values.check();
      this.#carryOut(command, span);
    } catch (error) {
      if (error instanceof NotTaken && error.leavesOut) this.#markIncomplete(command, span);
      throw error;
    }
    return command.values.stray;
  }

  /** What Windows ships is there again at once: a script that names it means it. */
  #deleteAll(): void {
    const own = [...this.lists.all, ...this.actions.all].filter(({ isShipped }) => !isShipped);
    if (this.policies.all.length + own.length === 0) throw describeNoEffect('there is nothing to delete yet');
    this.policies.clear();
    this.lists.clear();
    this.actions.clear();
    this.#addShipped();
  }

  #addShipped(): void {
    for (const action of shippedActions()) this.actions.add(action);
    for (const list of shippedLists(spanOfFile(this.#file))) this.lists.add(list);
  }

  #carryOut(command: NetshCommand, span: Span): void {
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

  /** What the line was about is not what the script wants it to be: no rule of it is half taken. */
  #markIncomplete({ verb, object, values }: NetshCommand, span: Span): void {
    if (object === 'filter') {
      const name = values.text('filterlist') ?? '';
      if (name === '') return;
      const list = this.lists.find(name) ?? newList(name, span);
      if (this.lists.find(name) === undefined) this.lists.add(list);
      list.missed.push(span.line);
      return;
    }
    if (verb === 'add') return;
    const name = values.text('name') ?? '';
    if (object === 'filteraction') this.actions.find(name)?.missed.push(span.line);
    if (object !== 'rule') return;
    const rules = this.policies.find(values.text('policy') ?? '')?.rules;
    const meant = values.isAll ? rules?.all : [rules?.find(name)];
    for (const rule of meant ?? []) rule?.missed.push(span.line);
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
      if (assigned === true) this.assign(name);
      return;
    }
    const policy = this.policies.get(values.required('name').text);
    renameIfAsked(this.policies, policy, values, 'policy');
    policy.description = values.text('description') ?? policy.description;
    if (assigned === true) this.assign(policy.name);
    else if (assigned === false) policy.assigned = false;
  }

  /** One at a time. */
  assign(name: string): void {
    for (const policy of this.policies.all) policy.assigned = policy.name === name;
  }

  #filterList({ verb, values }: NetshCommand, span: Span): void {
    if (verb === 'add') {
      const list = newList(newName(values.required('name'), 'filter list'), span);
      this.#makeRoom(this.lists, list.name, (shipped) => this.#rules().some((rule) => rule.list === shipped));
      this.lists.add(list);
      return;
    }
    if (verb === 'set') {
      renameIfAsked(this.lists, this.lists.get(values.required('name').text), values, 'filter list');
      return;
    }
    const gone = values.isAll ? this.lists.all : [this.lists.getToDelete(values.required('name').text)];
    const user = this.#rules().find(({ list }) => gone.includes(list));
    if (user !== undefined) throw describeNoEffect(`rule "${user.name}" uses the filter list`);
    for (const { name } of gone) this.lists.delete(name);
  }

  /** A script's own takes the place of a shipped one, unless that is in use. */
  #makeRoom<T extends { name: string; readonly isShipped: boolean }>(
    entries: Entries<T>,
    name: string,
    isUsed: (entry: T) => boolean,
  ): void {
    const there = entries.find(name);
    if (there?.isShipped === true && !isUsed(there)) entries.delete(name);
  }

  /** netsh makes the list that a filter names where it is missing. */
  #filter({ verb, values }: NetshCommand, span: Span): void {
    if (verb === 'set') throw new NotTaken('netsh has no set filter: delete it and add it');
    const name = values.required('filterlist');
    const filter = readNetshFilter(values, span);
    if (verb === 'delete') {
      this.#deleteFilter(this.lists.getToDelete(name.text), filter);
      return;
    }
    const list = this.lists.find(name.text) ?? newList(newName(name, 'filter list'), span);
    if (list.filters.some((other) => sameFilter(other, filter))) {
      throw describeNoEffect(`filter list "${list.name}" has this filter already`);
    }
    if (this.lists.find(name.text) === undefined) this.lists.add(list);
    list.filters.push(filter);
  }

  #deleteFilter(list: ListEntry, filter: Filter): void {
    const at = list.filters.findIndex((other) => sameFilter(other, filter));
    if (at < 0) throw describeNoEffect(`filter list "${list.name}" has no such filter to delete`);
    list.filters.splice(at, 1);
  }

  #filterAction({ verb, values }: NetshCommand): void {
    if (verb === 'delete') {
      const gone = values.isAll ? this.actions.all : [this.actions.getToDelete(values.required('name').text)];
      const user = this.#rules().find(({ action }) => gone.includes(action));
      if (user !== undefined) throw describeNoEffect(`rule "${user.name}" uses the filter action`);
      for (const { name } of gone) this.actions.delete(name);
      return;
    }
    if (verb === 'add') {
      const name = newName(values.required('name'), 'filter action');
      const action = actionOf(values.text('action') ?? 'negotiate');
      this.#makeRoom(this.actions, name, (shipped) => this.#rules().some((rule) => rule.action === shipped));
      this.actions.add({ name, action, missed: [], isShipped: false });
      return;
    }
    const action = this.actions.get(values.required('name').text);
    const text = values.text('action');
    const changed = text === undefined ? action.action : actionOf(text);
    renameIfAsked(this.actions, action, values, 'filter action');
    action.action = changed;
  }

  #rule({ verb, values }: NetshCommand, span: Span): void {
    const name = values.text('policy') ?? '';
    if (verb === 'delete') {
      const { rules } = this.policies.getToDelete(values.required('policy').text);
      if (values.isAll) rules.clear();
      else rules.delete(values.required('name').text);
      return;
    }
    const policy = this.policies.get(name === '' ? values.required('policy').text : name);
    if ((values.text('tunnel') ?? '') !== '') throw new NotTaken('it is for a tunnel of negotiated security');
    const interfaces = this.#interfaces(values.text('conntype'));
    const isActive = values.flag('activate');
    if (verb === 'add') {
      const list = this.lists.get(values.required('filterlist').text);
      const action = this.#action(values.required('filteraction').text);
      const rule = { name: newName(values.required('name'), 'rule'), list, action, missed: [], span };
      policy.rules.add({ ...rule, interfaces, isActive: isActive ?? true });
      return;
    }
    const rule = policy.rules.get(values.required('name').text);
    const [list, action] = [values.text('filterlist'), values.text('filteraction')];
    const changed = {
      list: list === undefined ? rule.list : this.lists.get(list),
      action: action === undefined ? rule.action : this.#action(action),
      interfaces: values.text('conntype') === undefined ? rule.interfaces : interfaces,
      isActive: isActive ?? rule.isActive,
    };
    renameIfAsked(policy.rules, rule, values, 'rule');
    Object.assign(rule, changed);
  }

  /** A permit that has lost its limits would open more than it did. */
  #interfaces(conntype = 'all'): readonly string[] | undefined {
    const type = conntype.toLowerCase();
    if (type === 'all' || type === '') return undefined;
    if (type !== 'lan' && type !== 'dialup') throw new NotTaken(`conntype=${conntype} is not lan, dialup or all`);
    return this.interfacesOf(type, `conntype=${type}`);
  }

  interfacesOf(group: keyof GroupNames, option: string): readonly string[] {
    const names = this.#groups[group];
    if (names.length > 0) return names;
    throw new NotTaken(`${option} limits the rule to a group of interfaces: add --${group} IF to the import`);
  }

  #action(name: string): ActionEntry {
    const action = this.actions.get(name);
    if (action.action === undefined) throw new NotTaken(`filter action "${name}" negotiates security`);
    return action;
  }

  #rules(): readonly RuleEntry[] {
    return this.policies.all.flatMap(({ rules }) => rules.all);
  }
}

export function newPolicy(name: string, description: string, span: Span): PolicyEntry {
  return { name, description: description.trim(), assigned: false, rules: new Entries<RuleEntry>('rule'), span };
}

function newList(name: string, span: Span): ListEntry {
  return { name, filters: [], span, missed: [], isShipped: false };
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

/** undefined: negotiates security, which the rules that use it are refused for. */
function actionOf(text: string): Action | undefined {
  switch (text.toLowerCase()) {
    case 'permit':
      return 'permit';
    case 'block':
      return 'block';
    case 'negotiate':
      return undefined;
    default:
      throw new NotTaken(`action=${text} is not permit, block or negotiate`);
  }
}

function sameFilter(a: Filter, b: Filter): boolean {
  return meaningOf(a) === meaningOf(b);
}

function meaningOf({ source, destination, sourcePorts, destinationPorts, protocol, mirrored }: Filter): string {
  return JSON.stringify([source, destination, sourcePorts, destinationPorts, protocol ?? null, mirrored]);
}
