/** What the filters see of one packet: no bytes, no offsets. Made by packet-decode.ts or packet-text.ts. */
import type { Address, Family } from '../../base/ip.ts';
import type { ParseReason } from '../model.ts';

export interface IcmpHeader {
  readonly type: number;
  readonly code: number;
}

export interface Packet {
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  /** The protocol behind IPv6 extension headers; of a later fragment the one its fragment header names. */
  readonly protocol: number;
  /** 0 where the protocol has no ports and in later fragments. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of icmp and icmpv6, in either IP family; never of a later fragment. */
  readonly icmp: IcmpHeader | undefined;
  /** TCP with ACK or RST set. */
  readonly established: boolean;
  /** A fragment other than the first: its ports, ICMP type and flags are unknown, not zero. */
  readonly laterFragment: boolean;
  /** An IPv4 source route, or an IPv6 routing header with segments left. */
  readonly sourceRouted: boolean;
  /** IPv4 time to live or IPv6 hop limit. */
  readonly hopLimit: number;
  /** From the Ethernet header on, without FCS. */
  readonly frameBytes: number;
  /** The Ethernet destination is ff:ff:ff:ff:ff:ff. */
  readonly broadcastFrame: boolean;
}

/**
 * A packet without ports, options or flags, in the smallest Ethernet frame: what a packet has unless something else is
 * asked of it.
 */
export const PLAIN_PACKET: Omit<Packet, 'family' | 'source' | 'destination' | 'protocol'> = {
  sourcePort: 0,
  destinationPort: 0,
  icmp: undefined,
  established: false,
  laterFragment: false,
  sourceRouted: false,
  hopLimit: 64,
  frameBytes: 60,
  broadcastFrame: false,
};

/** A frame is a packet, or there is a reason why it is not. */
export type Decoded =
  | { readonly kind: 'packet'; readonly packet: Packet }
  | { readonly kind: 'parse'; readonly reason: ParseReason };
