/** What a script has made so far: policies with rules, filter lists, filter actions. Names are in any case. */
import type { Span } from '../../base/diagnostics.ts';
import type { Action, Filter } from '../../policy/model.ts';
import { describeNoEffect, NotTaken } from './not-taken.ts';

export interface ListEntry {
  name: string;
  readonly filters: Filter[];
  readonly span: Span;
  /** Lines about its filters that were not taken. */
  readonly missed: number[];
  /** Is it one that Windows ships? A script may make its own of the name. */
  readonly isShipped: boolean;
}

export interface RuleEntry {
  name: string;
  list: ListEntry;
  action: ActionEntry;
  /** undefined: all. */
  interfaces: readonly string[] | undefined;
  /** netsh keeps a rule that is not active, and may activate it later. */
  isActive: boolean;
  readonly span: Span;
  /** Lines about it that were not taken. */
  readonly missed: number[];
}

/** undefined: negotiates security. */
export interface ActionEntry {
  name: string;
  action: Action | undefined;
  readonly missed: number[];
  readonly isShipped: boolean;
}

export interface PolicyEntry {
  name: string;
  description: string;
  assigned: boolean;
  readonly rules: Entries<RuleEntry>;
  readonly span: Span;
}

export class Entries<T extends { name: string }> {
  readonly #what: string;
  readonly #entries = new Map<string, T>();

  constructor(what: string) {
    this.#what = what;
  }

  get all(): readonly T[] {
    return [...this.#entries.values()];
  }

  get(name: string): T {
    const found = this.#entries.get(name.toLowerCase());
    if (found === undefined) throw new NotTaken(`there is no ${this.#what} "${name}" at this line`);
    return found;
  }

  /** Deleting what is not there changes nothing: many scripts begin with it. */
  getToDelete(name: string): T {
    const found = this.find(name);
    if (found === undefined) throw describeNoEffect(`there is no ${this.#what} "${name}" to delete`);
    return found;
  }

  find(name: string): T | undefined {
    return this.#entries.get(name.toLowerCase());
  }

  add(entry: T): void {
    const key = entry.name.toLowerCase();
    if (this.#entries.has(key)) throw describeNoEffect(`the ${this.#what} "${entry.name}" is already there`);
    this.#entries.set(key, entry);
  }

  rename(entry: T, name: string): void {
    if (name.toLowerCase() !== entry.name.toLowerCase() && this.find(name) !== undefined) {
      throw new NotTaken(`the ${this.#what} "${name}" is already there`);
    }
    this.#entries.delete(entry.name.toLowerCase());
    entry.name = name;
    this.#entries.set(name.toLowerCase(), entry);
  }

  delete(name: string): void {
    this.getToDelete(name);
    this.#entries.delete(name.toLowerCase());
  }

  clear(): void {
    this.#entries.clear();
  }
}
