/** A policy that would cut the host off from itself: its own programs talk to each other over 127.0.0.1 and ::1. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { parseAddress } from '../base/ip.ts';
import type { Decision } from '../policy/classify.ts';
import { ReferenceClassifier } from '../policy/classify.ts';
import type { Packet } from '../policy/packet/model.ts';
import { PLAIN_PACKET } from '../policy/packet/model.ts';
import { formatPacket } from '../policy/packet/text.ts';
import { LOOPBACK } from './interfaces.ts';
import type { ReadyPolicy } from './ready-policy.ts';

const IPV4 = { address: '127.0.0.1', network: '127.0.0.0/8' } as const;
const IPV6 = { address: '::1', network: '::1' } as const;
/** TCP and UDP. */
const PROTOCOLS = [6, 17] as const;
/** No service has them: what decides these packets decides all that no rule names. */
const PORTS = { sourcePort: 65533, destinationPort: 65534 } as const;

/** Throws where the policy drops what a program of this host sends to another by an address of the loopback. */
export function requireLoopback(
  { policy, host }: Pick<ReadyPolicy, 'policy' | 'host'>,
  { addresses }: NetworkInterface,
): void {
  const classifier = new ReferenceClassifier(policy, host);
  const hasIpv6 = addresses.some(({ address }) => address === IPV6.address);
  for (const { address, network } of hasIpv6 ? [IPV4, IPV6] : [IPV4]) {
    for (const protocol of PROTOCOLS) {
      const packet = packetToItself(address, protocol);
      const decision = classifier.classify(packet, { interface: LOOPBACK });
      if (decision.verdict === 'drop') throw cutsLoopback(policy.name, packet, decision, network);
    }
  }
}

function packetToItself(text: string, protocol: number): Packet {
  const address = present(parseAddress(text), text);
  return { ...PLAIN_PACKET, family: address.family, source: address, destination: address, protocol, ...PORTS };
}

function cutsLoopback(policy: string, packet: Packet, { rule }: Decision, network: string): EnvironmentError {
  const by = rule === null ? 'its default' : `rule "${rule}"`;
  const message = `on ${LOOPBACK} ${policy} would cut this host off from itself: ${by} drops ${formatPacket(packet)}`;
  return new EnvironmentError('XDPOL_E_LOOPBACK', message, {
    help: `leave ${LOOPBACK} out: packets of other hosts do not arrive there; or permit ${network} to ${network} in the policy; or repeat the command with --force`,
  });
}
