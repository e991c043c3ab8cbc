/**
 * The constants that the program is specialised by: struct xdpol_shape, and the broadcasts besides. The engine adds what
 * it alone knows: the sizes of the tables in the kernel.
 */
import type { ShapeFields } from '../../layout/layout.gen.ts';
import { ENUMS, STRUCTS, writeShape } from '../../layout/layout.gen.ts';
import type { Exemption, HostAddresses, Policy } from '../../policy/model.ts';
import type { CommonSets } from '../rules/common-sets.ts';
import type { RuleTable } from '../rules/rule-table.ts';
import type { Address4Tables } from './address4.ts';
import type { Address6Tables } from './address6.ts';
import type { ServicePages } from './service.ts';

export interface ShapeParts {
  readonly defaultValue: number;
  readonly dportClasses: number;
  readonly sportClasses: number;
  readonly dportPages: ServicePages;
  readonly sportPages: ServicePages;
  readonly common: CommonSets;
  readonly src4: Address4Tables;
  readonly dst4: Address4Tables;
  readonly src6: Address6Tables;
  readonly dst6: Address6Tables;
  readonly rules4: RuleTable;
  readonly rules6: RuleTable;
}

export function encodeShape(policy: Policy, parts: ShapeParts): Uint8Array {
  const { defaultValue, dportClasses, sportClasses, common, src4, dst4, src6, dst6 } = parts;
  const fields: ShapeFields = {
    layoutVersion: ENUMS.layout.VERSION,
    strict: policy.strict ? 1 : 0,
    exemptions: policy.exemptions.reduce((bits, exemption) => bits | EXEMPTION_BITS[exemption], 0),
    drops: policy.drop.includes('source-routed') ? ENUMS.drop.SOURCE_ROUTED : 0,
    ...{ defaultValue, dportClasses, sportClasses },
    dportNumbered: parts.dportPages.isNumbered ? 1 : 0,
    sportNumbered: parts.sportPages.isNumbered ? 1 : 0,
    ...common.shape,
    ...{ src4Shape: src4.shape, dst4Shape: dst4.shape, src6Shape: src6.shape, dst6Shape: dst6.shape },
    rules4: { ...parts.rules4.shape, ...common.rows4 },
    rules6: { ...parts.rules6.shape, ...common.rows6 },
    limits: [],
  };
  const bytes = new Uint8Array(STRUCTS.shape.size);
  writeShape(new DataView(bytes.buffer), 0, fields);
  return bytes;
}

/**
 * IPv4 broadcasts of the filtered interfaces' subnets, none where no exemption asks for them. What is beyond the
 * program's room is no broadcast to it.
 */
export function encodeBroadcasts({ exemptions }: Policy, { broadcasts }: HostAddresses): Uint8Array {
  const words = new Uint32Array(ENUMS.layout.MAX_BROADCASTS);
  if (exemptions.includes('broadcast')) {
    words.set(broadcasts.slice(0, words.length).map((address) => address.words[0] ?? 0));
  }
  return new Uint8Array(words.buffer);
}

const EXEMPTION_BITS: Readonly<Record<Exemption, number>> = {
  'neighbor-discovery': ENUMS.exemption.EXEMPT_NEIGHBOR_DISCOVERY,
  'multicast-listener': ENUMS.exemption.EXEMPT_MULTICAST_LISTENER,
  'path-mtu': ENUMS.exemption.EXEMPT_PATH_MTU,
  dhcp: ENUMS.exemption.EXEMPT_DHCP,
  broadcast: ENUMS.exemption.EXEMPT_BROADCAST,
  multicast: ENUMS.exemption.EXEMPT_MULTICAST,
  rsvp: ENUMS.exemption.EXEMPT_RSVP,
  ike: ENUMS.exemption.EXEMPT_IKE,
  kerberos: ENUMS.exemption.EXEMPT_KERBEROS,
};
