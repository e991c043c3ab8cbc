/** Policies for verbs that read one and change nothing: read where the verb runs, with the addresses that `me` is given. */
import type { Address } from '../base/ip.ts';
import { parseAddress } from '../base/ip.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { compileFor } from '../host/compile-policy.ts';
import { openContext } from '../host/context.ts';
import type { PolicyInput, PolicyReading, PolicyTextInput } from '../host/policy-input.ts';
import { readPolicyInput, textOf } from '../host/policy-input.ts';
import { addressesForMe, readyToRead } from '../host/read-ready.ts';
import type { ReadyPolicy } from '../host/ready-policy.ts';
import type { Policy } from '../policy/model.ts';
import { UsageError } from './exit.ts';
import type { MeOptions } from './options.ts';
import { policyArgument } from './policy-argument.ts';
import { printDiagnostics, showEvents } from './render/terminal.ts';

/** `--me`, or the host's addresses where the policy asks for them. */
export async function meOf(policy: Policy, options: MeOptions): Promise<readonly Address[]> {
  requireMe(options.me);
  return await addressesForMe(policy, options.me);
}

export function requireMe(me: readonly string[] | undefined): void {
  const wrong = me?.find((text) => parseAddress(text) === undefined);
  if (wrong === undefined) return;
  throw new UsageError(`--me ${wrong}: not an address`, 'write an IPv4 or IPv6 address, such as 192.0.2.1');
}

/** The text alone, unread. */
export function readInputText(input: PolicyInput): PolicyTextInput {
  return textOf(openContext(showEvents()), input);
}

/** Read, with its mistakes, which are not printed. */
export function readArgument(input: PolicyInput): PolicyReading {
  return readPolicyInput(openContext(showEvents()), input);
}

/** Read and resolved, without errors; what was found in it is printed. */
export async function readyInput(
  input: PolicyInput,
  addresses: (policy: Policy) => Promise<readonly Address[]> | readonly Address[],
): Promise<ReadyPolicy> {
  const ready = await readyToRead(openContext(showEvents()), input, addresses);
  printDiagnostics(ready.diags.all);
  return ready;
}

export async function readyArgument(argument: string, options: MeOptions): Promise<ReadyPolicy> {
  return await readyInput(policyArgument(argument), (policy) => meOf(policy, options));
}

/** As on one interface; what the compiler found is printed. */
export function compileReady(ready: ReadyPolicy, interfaceName: string | undefined): CompiledPolicy {
  const printed = ready.diags.all.length;
  try {
    const compiled = compileFor(ready, interfaceName, showEvents());
    printDiagnostics(ready.diags.all.slice(printed));
    return compiled;
  } catch (error) {
    throw error instanceof PolicyRejected ? new PolicyRejected(error.diagnostics.slice(printed)) : error;
  }
}
