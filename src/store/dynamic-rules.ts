/**
 * Rules that last as long as the agent does.
 *
 *   <state>/agent               the process that is the agent
 *   <state>/dynamic.json        dynamic rules, and the agent they end with
 *   <state>/dynamic.copy.json   the same: where one is damaged or lost, the other has them
 *
 * Both name a process. Rules of one that was killed are the next agent's, and do not outlive the boot, whatever becomes of
 * the files. Changed under the store's lock.
 */
import { join } from 'node:path';
import type { SpecRule } from '../formats/ipsecpol/command.ts';
import type { DurableFiles } from './durable.ts';
import { isThere, readIfThere } from './file-system.ts';
import { fieldsOf, isText, isTextList, jsonBytes, parseJson } from './json-fields.ts';
import { ownName, ownNetwork } from './process-name.ts';
import { TwinFiles } from './twin-files.ts';
import { withStoreErrors } from './with-store-errors.ts';

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
  /** The network namespace that they are in force in; missing where an older version wrote them. */
  readonly network?: string | undefined;
  readonly rules: readonly DynamicRule[];
}

export class DynamicRuleStore {
  readonly #directory: string;
  readonly #files: DurableFiles;
  readonly #twins: TwinFiles<DynamicRules>;
  readonly #report: (line: string) => void;

  constructor(directory: string, files: DurableFiles, report: (line: string) => void) {
    this.#directory = directory;
    this.#twins = new TwinFiles(join(directory, 'dynamic.json'), files, decode);
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

  /** Damage is reported. Where both files are damaged they are set aside and taken for none: no policy waits for them. */
  read(): DynamicRules | undefined {
    return withStoreErrors(this.#directory, () => {
      const found = this.#twins.read();
      if (found.kind === 'none') return undefined;
      const { path, copy } = this.#twins;
      if (found.kind === 'whole') {
        if (found.damage !== undefined) this.#report(`${path} ${found.damage}: its copy is used`);
        return found.value;
      }
      const damaged = [path, copy].filter(isThere);
      for (const file of damaged) this.#report(`${file} is damaged: ${this.#files.setAside(file)}`);
      return undefined;
    });
  }

  /** Of this network namespace. */
  write({ agent, rules }: DynamicRules): void {
    const written = { agent, network: ownNetwork(), rules };
    withStoreErrors(this.#directory, () => this.#twins.write(jsonBytes(written)));
  }

  remove(): void {
    withStoreErrors(this.#directory, () => this.#twins.remove());
  }

  #removeIfThere(path: string): void {
    if (isThere(path)) this.#files.remove(path);
  }

  #agentPath(): string {
    return join(this.#directory, 'agent');
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
