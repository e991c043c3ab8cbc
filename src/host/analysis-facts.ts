/** What the analysis learns about this host. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { parseAddress } from '../base/ip.ts';
import type { HostFacts, InterfaceFacts } from '../compiler/analysis/facts.ts';
import type { HostAddresses } from '../policy/model.ts';

/** `filtered`: the interfaces that the policy is, or is about to be, in force on; undefined where it is not known. */
export function factsOfHost(
  host: HostAddresses,
  devices: readonly NetworkInterface[],
  filtered: readonly string[] | undefined,
): HostFacts {
  return { ...host, interfaces: devices.map((device) => interfaceFacts(device, devices)), filtered };
}

function interfaceFacts(
  { name, addresses, master }: NetworkInterface,
  all: readonly NetworkInterface[],
): InterfaceFacts {
  return {
    name,
    isLoopback: name === 'lo',
    addresses: addresses.map(({ address, prefixLength, validSeconds }) => ({
      address: present(parseAddress(address), address),
      // Autoconfigured IPv6 addresses end too, but it is routers that renew them; those of DHCPv6 are whole.
      isLease: validSeconds !== undefined && (!address.includes(':') || prefixLength === 128),
    })),
    portOf: master === undefined ? undefined : all.find(({ index }) => index === master)?.name,
  };
}
