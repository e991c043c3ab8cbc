/**
 * What is in force after a boot that found no policy it could put in force, where the configuration says `boot: closed`:
 * protected traffic and what a host needs to stay in its network, nothing else.
 */
import { spanOfFile } from '../base/diagnostics.ts';
import { emptyPolicy } from '../policy/defaults.ts';
import type { AddressMatch, Exemption, Filter, Policy } from '../policy/model.ts';
import { EXEMPTIONS } from '../policy/model.ts';

/** Its name: in the kernel, in metrics and in messages; never stored. */
export const CLOSED_POLICY = 'closed at boot';

/** Without these a host loses its addresses or its neighbours, and with them the protected traffic. */
const ESSENTIAL: ReadonlySet<string> = new Set(['neighbor-discovery', 'multicast-listener', 'path-mtu', 'dhcp']);

export function closedPolicy(protect: readonly Filter[]): Policy {
  const span = spanOfFile(CLOSED_POLICY);
  const filters = protect.map(openBothWays);
  const rules =
    filters.length === 0
      ? []
      : [
          {
            name: 'protected',
            filterList: { name: 'protected', filters, span },
            action: 'permit' as const,
            interfaces: undefined,
            span,
          },
        ];
  const exemptions: readonly Exemption[] = EXEMPTIONS.filter((exemption) => ESSENTIAL.has(exemption));
  return { ...emptyPolicy(CLOSED_POLICY, span), default: 'block', exemptions, rules };
}

/** Both directions, as protected traffic is meant. The host's addresses may not be known yet, so `me` is any. */
function openBothWays(filter: Filter): Filter {
  return {
    ...filter,
    source: meAsAny(filter.source),
    destination: meAsAny(filter.destination),
    mirrored: filter.mirrored === false ? true : filter.mirrored,
  };
}

function meAsAny(match: AddressMatch): AddressMatch {
  return match.kind === 'me' || match.kind === 'local' ? { kind: 'any' } : match;
}
