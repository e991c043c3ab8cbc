/** Which filter of a policy decides a packet, and why. */

import type { Diagnostic } from '../base/diagnostics.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Explanation } from '../policy/explain.ts';
import { explain } from '../policy/explain.ts';
import type { Policy } from '../policy/model.ts';
import type { SeenPacket } from '../policy/packet/text.ts';
import { formatSeenPacket, parseSeenPacket } from '../policy/packet/text.ts';
import type { HostContext } from './context.ts';
import { interfaceAddresses, presentInterfaces } from './interfaces.ts';
import type { GivenMembers } from './live-sets/policy-members.ts';
import { membersFor } from './live-sets/policy-members.ts';
import type { PolicyInput } from './policy-input.ts';
import { addressesForMe, readyToRead } from './read-ready.ts';
import type { ReadyPolicy } from './ready-policy.ts';
import { unknownInterfaceNotes } from './unknown-interface.ts';

export interface ExplainRequest {
  /** Else what is in force here, its dynamic rules included. */
  readonly input?: PolicyInput | undefined;
  /** As people write it. */
  readonly packet: string;
  /** As if the word stood in the packet. */
  readonly isEstablished?: boolean | undefined;
  readonly isFragment?: boolean | undefined;
  /** Where it is seen, unless the packet says it. */
  readonly interface?: string | undefined;
  /** Addresses that `me` stands for; else this host's. */
  readonly me?: readonly string[] | undefined;
  /** Of its live sets; else those of now. */
  readonly members?: readonly GivenMembers[] | undefined;
}

export interface ExplainOutcome {
  readonly policy: string;
  /** The packet as it was understood. */
  readonly packet: string;
  readonly explanation: Explanation;
  /** What was found in the policy. */
  readonly diagnostics: readonly Diagnostic[];
  readonly notes: readonly string[];
}

export async function explainPacket(context: HostContext, request: ExplainRequest): Promise<ExplainOutcome> {
  const seen = readPacket(request);
  const { policy, host, diags } = await readyFor(context, request);
  const place = seen.interface;
  return {
    policy: policy.name,
    packet: formatSeenPacket(seen),
    explanation: explain(
      policy,
      { ...host, members: membersFor(context.store, policy, request.members) },
      seen.packet,
      { interface: place },
    ),
    diagnostics: diags.all,
    notes: place === undefined ? [] : await unknownInterfaceNotes(policy, place),
  };
}

function readPacket({ packet, isEstablished, isFragment, interface: place }: ExplainRequest): SeenPacket {
  const diags = new Diagnostics();
  const seen = parseSeenPacket(packet, { established: isEstablished, fragment: isFragment }, diags);
  if (seen === undefined) {
    const [first] = diags.all;
    throw new EnvironmentError('XDPOL_E_PACKET', `the packet cannot be read: ${first?.message ?? packet}`, {
      help: first?.help ?? "write it like 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'",
    });
  }
  if (seen.interface !== undefined && place !== undefined && seen.interface !== place) {
    throw new EnvironmentError('XDPOL_E_PACKET', `the packet is on ${seen.interface}, but is said to be on ${place}`, {
      help: 'name the interface once',
    });
  }
  return { ...seen, interface: seen.interface ?? place };
}

async function readyFor(context: HostContext, { input, me }: ExplainRequest): Promise<ReadyPolicy> {
  if (input !== undefined) return await readyToRead(context, input, (policy) => addressesForMe(policy, me));
  const { findPolicyInForce } = await import('./policy-in-force.ts');
  const { stored, interfaces, rules } = findPolicyInForce(context.store);
  const devices = await presentInterfaces(interfaces);
  const addresses = (policy: Policy) => (me === undefined ? interfaceAddresses(devices) : addressesForMe(policy, me));
  return await readyToRead(context, stored, addresses, rules);
}
