/** Packets that the kernel builds and no wire carries: longer than the length fields of IP can say, which are 0 then. */
import type { KernelRow } from '../support/kernel-table.ts';
import { INGRESS_ONLY, kernelTable } from '../support/kernel-table.ts';
import type { TcpFields, TestPacket } from '../support/packets.ts';
import { altered, extension, tcp } from '../support/packets.ts';
import { A4, A6, B4, B6 } from '../support/parse-policy.ts';
import { permit, policyOf } from '../support/policies.ts';

const MAX_LENGTH = 0xffff;
const HEADERS4 = 40;
const TCP_BYTES = 20;
const HOP_BY_HOP_BYTES = 8;

/** A packet to a port, of so many bytes from its IPv4 header on. */
function ipv4(bytes: number, fields: TcpFields = {}): TestPacket {
  return tcp(A4, B4, { dport: 25, payload: new Uint8Array(bytes - HEADERS4), totalLength: 0, ...fields });
}

/** And of so many behind its IPv6 header. */
function ipv6(bytes: number, fields: TcpFields = {}): TestPacket {
  return tcp(A6, B6, { dport: 25, payload: new Uint8Array(bytes - TCP_BYTES), payloadLength: 0, ...fields });
}

/** Test runs of the other hook have no room for such frames. */
function row(name: string, packet: TestPacket, outcome: string): KernelRow {
  return [name, packet, outcome, INGRESS_ONLY];
}

kernelTable(
  'length 0',
  policyOf([{ ...permit({ protocol: 'tcp', dport: '25' }), name: 'mail' }], { default: 'block' }),
  [
    ['IPv4, short', tcp(A4, B4, { dport: 25, totalLength: 0 }), 'drop malformed'],
    ['IPv6, short', tcp(A6, B6, { dport: 25, payloadLength: 0 }), 'drop malformed'],
    row('IPv4, one byte longer than the field can say', ipv4(MAX_LENGTH + 1), 'pass mail'),
    row('IPv4, another port', ipv4(MAX_LENGTH + 1, { dport: 26 }), 'drop default'),
    row('IPv4, what the field could have said', ipv4(MAX_LENGTH), 'drop malformed'),
    row('IPv4, a length that is not 0', ipv4(MAX_LENGTH + 1, { totalLength: 60 }), 'pass mail'),
    row('IPv6, one byte longer than the field can say', ipv6(MAX_LENGTH + 1), 'pass mail'),
    row('IPv6, another port', ipv6(MAX_LENGTH + 1, { dport: 26 }), 'drop default'),
    row('IPv6, what the field could have said', ipv6(MAX_LENGTH), 'drop malformed'),
    row(
      'IPv6, with the header of a jumbo payload',
      altered(ipv6(MAX_LENGTH + 1 - HOP_BY_HOP_BYTES), { extensions: [extension('hopByHop')] }),
      'pass mail',
    ),
  ],
);
