/** Traffic that the configuration protects, before a policy is put in force. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { Diagnostics, spanOfFile } from '../base/diagnostics.ts';
import type { Address } from '../base/ip.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import { droppedProtected } from '../compiler/analysis/dropped-protected.ts';
import { emptyPolicy } from '../policy/defaults.ts';
import type { Filter, Policy } from '../policy/model.ts';
import { formatSeenPacket } from '../policy/packet/text.ts';
import { resolveHost } from './host-addresses.ts';
import type { ReadyPolicy } from './ready-policy.ts';

export interface Protected {
  readonly filters: readonly Filter[];
  /** Outgoing packets are not filtered, so nothing drops them. */
  readonly ingressOnly: boolean | undefined;
}

/**
 * Throws PolicyRejected where the policy drops any of it, with a packet for each protected filter. Returns the answers for
 * the names in it.
 */
export async function requireProtected(
  { policy, host }: ReadyPolicy,
  { filters: protect, ingressOnly }: Protected,
  devices: readonly NetworkInterface[],
): Promise<ReadonlyMap<string, readonly Address[]>> {
  const diags = new Diagnostics();
  const { names } = await resolveHost(protectedPolicy(protect), [], diags);
  const known = { ...host, names: new Map([...names, ...host.names]) };
  const reported = new Set<Filter>();
  for (const { name } of devices) {
    for (const { filter, witness, by } of droppedProtected(policy, protect, known, {
      interfaceName: name,
      ingressOnly,
    })) {
      if (reported.has(filter)) continue;
      reported.add(filter);
      diags.report(
        'XP0420',
        filter.span,
        `the policy ${policy.name} drops traffic that the configuration protects: '${formatSeenPacket(witness)}' is dropped by ${by}`,
        'permit it in the policy; no option overrides protect: only a change of the configuration does',
      );
    }
  }
  if (diags.failed) throw new PolicyRejected(diags.all);
  return names;
}

/** With nothing but the filters, for the names in them. */
export function protectedPolicy(filters: readonly Filter[]): Policy {
  const span = spanOfFile('protect');
  const filterList = { name: 'protect', filters, span };
  const rule = { name: 'protect', filterList, action: 'permit', interfaces: undefined, span } as const;
  return { ...emptyPolicy('protect', span), rules: [rule] };
}
