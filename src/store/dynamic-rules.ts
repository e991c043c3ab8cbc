/**
 * Rules that last as long as the agent does.
 *
 *   <state>/agent         the process that is the agent
 *   <state>/dynamic.json  dynamic rules, and the agent they end with
 *
 * Both name a process, so neither outlives it, whatever becomes of the files. Changed under the store's lock.
 */
import { join } from 'node:path';
import type { SpecRule } from '../formats/ipsecpol/command.ts';
import type { DurableFiles } from './durable.ts';
import { isThere, readIfThere } from './file-system.ts';
import { fieldsOf, isText, isTextList, jsonBytes, parseJson } from './json-fields.ts';
import { ownName } from './process-name.ts';
import { withStoreErrors } from './store-errors.ts';

/** What is in force, and counted, where dynamic rules are and no policy is assigned. */
export const DYNAMIC_POLICY = 'dynamic rules';

/** A rule as a command gave it. */
export interface DynamicRule {
  /** As named with -r. */
  readonly rule: string;
  /** What came of it: one rule for each action of its filters. */
  readonly rules: readonly SpecRule[];
  /** null: every filtered interface. */
  readonly interfaces: readonly string[] | null;
}

export interface DynamicRules {
  /** See process-name.ts. */
  readonly agent: string;
  readonly rules: readonly DynamicRule[];
}

export class DynamicRuleStore {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;

  constructor(directory: string, files: DurableFiles, report: (line: string) => void) {
    this.#directory = directory;
    this.#files = files;
    this.#report = report;
  }

  /** The name of the process that registered last, living or not. */
  agent(): string | undefined {
    return withStoreErrors(this.#directory, () => readIfThere(this.#agentPath()));
  }

  /** This process is the agent. */
  register(): void {
    withStoreErrors(this.#directory, () => {
      this.#files.makeFolder(this.#directory);
      this.#files.write(this.#agentPath(), new TextEncoder().encode(ownName()));
    });
  }

  /** This process is no longer the agent. */
  deregister(): void {
    withStoreErrors(this.#directory, () => this.#removeIfThere(this.#agentPath()));
  }

  /** What is damaged is reported, set aside, and taken for none: no policy waits for it. */
  read(): DynamicRules | undefined {
    return withStoreErrors(this.#directory, () => {
      const text = readIfThere(this.#rulesPath());
      const rules = text === undefined ? undefined : decode(text);
      if (text !== undefined && rules === undefined) {
        this.#report(`${this.#rulesPath()} is damaged: ${this.#files.setAside(this.#rulesPath())}`);
      }
      return rules;
    });
  }

  write(rules: DynamicRules): void {
    withStoreErrors(this.#directory, () => this.#files.write(this.#rulesPath(), jsonBytes(rules)));
  }

  remove(): void {
    withStoreErrors(this.#directory, () => this.#removeIfThere(this.#rulesPath()));
  }

  #removeIfThere(path: string): void {
    if (isThere(path)) this.#files.remove(path);
  }

  #agentPath(): string {
    return join(this.#directory, 'agent');
  }

  #rulesPath(): string {
    return join(this.#directory, 'dynamic.json');
  }
}

function decode(text: string): DynamicRules | undefined {
  const value = parseJson(text);
  const { agent, rules } = fieldsOf<DynamicRules>(value);
  return isText(agent) && Array.isArray(rules) && rules.every(isDynamicRule) ? (value as DynamicRules) : undefined;
}

function isDynamicRule(value: unknown): value is DynamicRule {
  const { rule, rules, interfaces } = fieldsOf<DynamicRule>(value);
  const isWhole = isText(rule) && Array.isArray(rules) && rules.every(isSpecRule);
  return isWhole && (interfaces === null || isTextList(interfaces));
}

function isSpecRule(value: unknown): value is SpecRule {
  const { name, action, specs } = fieldsOf<SpecRule>(value);
  return isText(name) && (action === 'permit' || action === 'block') && isTextList(specs);
}
