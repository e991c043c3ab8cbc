/** What the analysis is told of the host. The more it is told, the more it can say. */
import type { Address } from '../../base/ip.ts';
import type { HostAddresses } from '../../policy/model.ts';

export interface InterfaceAddressFacts {
  readonly address: Address;
  /** It ends unless it is renewed, as the addresses that DHCP gives do. */
  readonly isLease: boolean;
}

export interface InterfaceFacts {
  readonly name: string;
  readonly isLoopback: boolean;
  readonly addresses: readonly InterfaceAddressFacts[];
  /** The bridge, bond or other device that it is a port of. */
  readonly portOf: string | undefined;
}

export interface HostFacts extends HostAddresses {
  /** Every interface of the host; left out where the policy is for another host. */
  readonly interfaces?: readonly InterfaceFacts[] | undefined;
  /** Names of the interfaces that the policy is for; left out where nobody has said. */
  readonly filtered?: readonly string[] | undefined;
}

/** The interfaces that packets of the policy pass, as far as anybody knows: those that it is for, else all but the loopback. */
export function packetInterfaces({ interfaces, filtered }: HostFacts): readonly InterfaceFacts[] {
  return (interfaces ?? []).filter(({ name, isLoopback }) => filtered?.includes(name) ?? !isLoopback);
}
