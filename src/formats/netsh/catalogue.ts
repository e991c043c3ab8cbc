/** What a script has made so far: policies with rules, filter lists, filter actions. Names are in any case. */
import type { Span } from '../../base/diagnostics.ts';
import type { Action, Filter } from '../../policy/model.ts';
import { NotTaken } from './not-taken.ts';

export interface ListEntry {
  name: string;
  readonly filters: Filter[];
  readonly span: Span;
}

export interface RuleEntry {
  name: string;
  list: ListEntry;
  action: ActionEntry;
  readonly span: Span;
}

/** undefined: negotiates security. */
export interface ActionEntry {
  name: string;
  action: Action | undefined;
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

  find(name: string): T | undefined {
    return this.#entries.get(name.toLowerCase());
  }

  add(entry: T): void {
    const key = entry.name.toLowerCase();
    if (this.#entries.has(key)) throw new NotTaken(`the ${this.#what} "${entry.name}" is already there`);
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
    this.get(name);
    this.#entries.delete(name.toLowerCase());
  }

  clear(): void {
    this.#entries.clear();
  }
}
