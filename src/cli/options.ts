/** Options that several verbs share. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';

export const POLICY_ARGUMENT = 'a YAML or JSON file, - for standard input, or the name of a stored policy';

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The number of a stored version. */
export function parseVersion(value: string): number {
  if (/^[1-9]\d{0,8}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a number from 1 on; xdpol history NAME lists them.');
}

export function meOption(): Option {
  return new Option('--me <address>', "what `me` is, repeatable; else this host's addresses").argParser<
    readonly string[]
  >(collect);
}

export interface MeOptions {
  readonly me?: readonly string[];
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON');
}

export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
}
