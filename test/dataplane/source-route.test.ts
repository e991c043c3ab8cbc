/** Packets whose sender names the way: dropped under strict, whatever exemption or filter passes them. */

import type { KernelRow } from '../support/kernel-table.ts';
import { kernelTable } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { altered, BROADCAST_MAC, extension, laterFragment, raw, routing, tcp, udp } from '../support/packets.ts';
import { A4, A6, B4, B6 } from '../support/parse-policy.ts';
import { permit, policyOf } from '../support/policies.ts';

const RULES = [{ ...permit({}), name: 'all' }];
const NOTHING = 1;
const END = 0;
const LOOSE = [131, 7, 4, 10, 0, 0, 1] as const;
const STRICT = [137, 7, 4, 10, 0, 0, 1] as const;
const RECORD = [7, 7, 4, 0, 0, 0, 0] as const;

function options(...bytes: readonly number[]): TestPacket {
  const filling = (4 - (bytes.length % 4)) % 4;
  return altered(tcp(A4, B4), { options: Uint8Array.from([...bytes, ...new Array<number>(filling).fill(NOTHING)]) });
}

const behind = (...extensions: readonly ReturnType<typeof extension>[]): TestPacket =>
  altered(tcp(A6, B6), { extensions });

type Case = readonly [name: string, packet: TestPacket, isRouted: boolean];

const CASES: readonly Case[] = [
  ['no option', tcp(A4, B4), false],
  ['loose source route', options(...LOOSE), true],
  ['strict source route', options(...STRICT), true],
  ['a route that is used up', options(131, 7, 8, 10, 0, 0, 1), true],
  ['behind nothing', options(NOTHING, ...LOOSE), true],
  ['behind another option', options(...RECORD, ...STRICT), true],
  ['the last three bytes of the longest header', options(...new Array<number>(37).fill(NOTHING), 131, 3, 4), true],
  ['behind the end of the options', options(END, ...LOOSE), false],
  ['record route', options(...RECORD), false],
  ['its numbers inside another option', options(7, 9, 4, ...STRICT.slice(0, 6)), false],
  ['types one off', options(130, 4, 0, 0, 132, 4, 0, 0, 136, 4, 0, 0, 138, 4, 0, 0), false],
  // What the stack drops as malformed options ends the walk.
  ['behind an option without a length', options(7, 0, ...LOOSE), false],
  ['behind an option with a length of one', options(7, 1, ...LOOSE), false],
  ['behind an option that does not fit', options(7, 200, ...LOOSE), false],
  ['40 bytes of nothing', options(...new Array<number>(40).fill(NOTHING)), false],
  ['a type in the last byte', options(NOTHING, NOTHING, NOTHING, 131), false],
  ['its bytes behind the header', raw(47, A4, B4, { payload: Uint8Array.from(LOOSE) }), false],
  ['a later fragment with the option', laterFragment(options(...LOOSE)), true],
  ['a routing header with a segment left', behind(routing(1)), true],
  ['255 segments left', behind(routing(255)), true],
  ['none left', behind(routing(0)), false],
  ['behind other headers', behind(extension('hopByHop'), extension('destination', 16), routing(2)), true],
  ['the second routing header', behind(routing(0), routing(1)), true],
  ['the first of two', behind(routing(1), routing(0)), true],
  [
    'the eighth header',
    behind(...new Array<ReturnType<typeof extension>>(7).fill(extension('destination')), routing(1)),
    true,
  ],
  ['the same byte in another header', behind({ ...extension('destination'), segmentsLeft: 9 }), false],
  ['ahead of a fragment header', laterFragment(behind(routing(1))), true],
  ['no header', tcp(A6, B6), false],
];

function rows(isDropped: boolean): readonly KernelRow[] {
  return CASES.map(([name, packet, isRouted]) => {
    const isLater = packet.fields.fragment !== undefined && packet.fields.fragment.offset > 0;
    return [name, packet, `${isRouted && isDropped ? 'drop source_routed' : 'pass all'}${isLater ? ' fragment' : ''}`];
  });
}

kernelTable('dropped', policyOf(RULES), rows(true));
kernelTable('not dropped', policyOf(RULES, { drop: [] }), rows(false));
kernelTable('dropped though strict is off', policyOf(RULES, { strict: false, drop: ['source-routed'] }), rows(true));

kernelTable('no exemption passes them', policyOf(RULES, { exemptions: ['dhcp', 'broadcast', 'multicast'] }), [
  [
    'DHCP',
    altered(udp(A4, B4, { sport: 67, dport: 68 }), { options: Uint8Array.of(...LOOSE, 1) }),
    'drop source_routed',
  ],
  [
    'a broadcast',
    altered(udp(A4, '255.255.255.255', { ethernetDestination: BROADCAST_MAC }), {
      options: Uint8Array.of(...LOOSE, 1),
    }),
    'drop source_routed',
  ],
  ['a group', altered(udp(A6, 'ff02::fb'), { extensions: [routing(1)] }), 'drop source_routed'],
  ['what cannot be parsed is that first', altered(options(...LOOSE), { totalLength: 40 }), 'drop malformed'],
]);
