/** Options that several verbs share. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Diagnostics } from '../base/diagnostics.ts';
import type { Address } from '../base/ip.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import type { DynamicRule } from '../store/store.ts';
import { PolicyRejected } from './exit.ts';
import { hostAddresses, parseMe, resolveHost, usesMe } from './host.ts';
import { printDiagnostics } from './output.ts';
import type { PolicyReference, ReadPolicyResult } from './policy-source.ts';

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

export interface ReadyPolicy extends ReadPolicyResult {
  /** With the dynamic rules. */
  readonly policy: Policy;
  readonly host: HostAddresses;
  /** Names of the rules of the policy that are dynamic. */
  readonly dynamic: readonly string[];
  /** Of the policy and the dynamic rules; without any the same as `hash`. */
  readonly wholeHash: string;
}

/** `--me`, or the host's addresses where the policy asks for them. */
export async function meOf(policy: Policy, options: MeOptions): Promise<readonly Address[]> {
  if (options.me !== undefined) return parseMe(options.me);
  return usesMe(policy) || policy.tests.length > 0 ? await hostAddresses() : [];
}

/**
 * Reads and resolves a policy for a verb that needs one without errors; its diagnostics are printed. With rules, `argument`
 * may be undefined: they are alone.
 */
export async function readyPolicy(
  argument: PolicyReference | undefined,
  addresses: (policy: Policy) => Promise<readonly Address[]> | readonly Address[],
  rules: readonly DynamicRule[] = [],
): Promise<ReadyPolicy> {
  // Loaded when a text is read: the reader and its schema take longer to load than a cached policy to be swapped in.
  const { readPolicyArgument } = await import('./policy-source.ts');
  const { addDynamicRules, emptyPolicy, hashWith } = await import('./dynamic-policy.ts');
  const read = argument === undefined ? emptyPolicy() : readPolicyArgument(argument);
  const { diags } = read;
  const whole = read.policy === undefined ? undefined : addDynamicRules(read.policy, rules, diags);
  const host = whole === undefined ? undefined : await resolveHost(whole.policy, await addresses(whole.policy), diags);
  printDiagnostics(diags.all);
  if (whole === undefined || host === undefined || diags.failed) throw new PolicyRejected();
  return { ...read, ...whole, host, wholeHash: hashWith(read.hash, rules) };
}

/** For diagnostics that came up after the policy had been read. */
export function rejectIfFailed(diags: Diagnostics, printed: number): void {
  printDiagnostics(diags.all.slice(printed));
  if (diags.failed) throw new PolicyRejected();
}
