/** Options that several verbs share. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { CONFIRM_DEFAULT, CONFIRM_LONGEST } from '../host/confirm-times.ts';

export const POLICY_ARGUMENT = 'a YAML or JSON file, - for standard input, or NAME or NAME@VERSION of a stored policy';

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The number of a stored version. */
export function parseVersion(value: string): number {
  if (/^[1-9]\d{0,8}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a number from 1 on; xdpol history NAME lists them.');
}

export function meOption(): Option {
  return new Option(
    '--me <address>',
    'the address that `me` stands for; repeatable (default: the addresses of this host)',
  ).argParser<readonly string[]>(collect);
}

export interface MeOptions {
  readonly me?: readonly string[];
}

/** Seconds that a confirmation is waited for. */
export function parseConfirm(value: string): number {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds > 0 && seconds <= CONFIRM_LONGEST) return seconds;
  throw new InvalidArgumentError(`write a time of at most ${CONFIRM_LONGEST / 3600} h, such as 60s, 10m or 2h.`);
}

/** Where arriving packets are filtered. */
export function hookOption(): Option {
  return new Option(
    '--hook <hook>',
    'where arriving packets are filtered on these interfaces: at xdp, or behind it at tcx',
  )
    .choices(['xdp', 'tcx'])
    .conflicts('mode');
}

export function confirmOption(): Option {
  return new Option(
    '--confirm [time]',
    'go back to what is in force now unless xdpol confirm comes within this time, such as 60s (default: 10m)',
  ).argParser(parseConfirm);
}

export function forceOption(): Option {
  return new Option(
    '--force',
    'make the change even if it ends what this host does now, such as your SSH connection, or lets packets pass unfiltered',
  );
}

/** Without a time commander gives `true`. */
export interface ConfirmOptions {
  readonly confirm?: number | true;
}

export function confirmSeconds({ confirm }: ConfirmOptions): number | undefined {
  return confirm === true ? CONFIRM_DEFAULT : confirm;
}

/** Seconds between two readings. */
export function parseInterval(value: string): number {
  const seconds = Number(value);
  if (seconds >= 0.1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('write 0.1 to 3600 seconds.');
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON');
}

export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
}
