/** Policies that are read for an answer and not put in force. */

import { EnvironmentError } from '../base/environment-error.ts';
import type { Address } from '../base/ip.ts';
import { parseAddress } from '../base/ip.ts';
import type { Policy } from '../policy/model.ts';
import type { DynamicRule } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { usesMe } from './host-addresses.ts';
import type { OwnAddress } from './interfaces.ts';
import { hostAddresses } from './interfaces.ts';
import type { PolicyInput } from './policy-input.ts';
import type { ReadyPolicy } from './ready-policy.ts';
import { readyPolicy } from './ready-policy.ts';

/** What `me` stands for: the addresses that are given as text, else this host's where the policy asks for them. */
export async function addressesForMe(
  policy: Policy,
  given: readonly string[] | undefined,
): Promise<readonly OwnAddress[]> {
  if (given !== undefined) return given.map(parseGiven);
  return usesMe(policy) || policy.tests.length > 0 ? await hostAddresses() : [];
}

function parseGiven(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new EnvironmentError('XDPOL_E_REQUEST', `me: ${text} is not an address`, {
    help: 'write an IPv4 or IPv6 address, such as 192.0.2.1',
  });
}

/** Read and resolved, with a warning where `me` is nobody. Throws PolicyRejected where the policy has errors. */
export async function readyToRead(
  context: HostContext,
  input: PolicyInput | undefined,
  addresses: (policy: Policy) => Promise<readonly Address[]> | readonly Address[],
  rules: readonly DynamicRule[] = [],
): Promise<ReadyPolicy> {
  const ready = await readyPolicy(context, input, addresses, rules);
  if (ready.host.me.length === 0 && usesMe(ready.policy)) {
    const help = 'say which with --me ADDRESS';
    ready.diags.report('XP0221', ready.policy.span, 'me has no address here: its filters match nothing', help);
  }
  return ready;
}
