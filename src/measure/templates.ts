/** The packets around the tuples. */
import type { Family } from '../base/ip.ts';
import { synTemplate } from './generator.ts';

const IP = 14;
const IP_HEADER: Readonly<Record<Family, number>> = { 4: 20, 6: 40 };
const TCP_FLAGS = 13;
const ACK = 0x10;
const IPV6_PAYLOAD_LENGTH = IP + 4;

/** A TCP SYN; what is no TCP does not look at its flags. */
export function opening(family: Family): Uint8Array {
  return synTemplate(family);
}

/** A TCP ACK, as connections that are established have it. */
export function establishTemplate(family: Family): Uint8Array {
  const frame = synTemplate(family);
  frame[IP + IP_HEADER[family] + TCP_FLAGS] = ACK;
  return frame;
}

/** IPv4 with a header of 4 words, of which 5 are the least; IPv6 with more payload than there is. */
export function breakTemplate(family: Family): Uint8Array {
  const frame = synTemplate(family);
  if (family === 4) frame[IP] = 0x44;
  else frame.fill(0xff, IPV6_PAYLOAD_LENGTH, IPV6_PAYLOAD_LENGTH + 2);
  return frame;
}
