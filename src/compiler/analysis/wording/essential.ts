import type { DiagnosticCode } from '../../../base/codes/catalogue.ts';
import { formatAddress } from '../../../base/ip.ts';
import type { Policy } from '../../../policy/model.ts';
import type { DroppedEssential } from '../essential.ts';
import type { EssentialTraffic } from '../essential-packets.ts';
import type { Observation } from '../observation.ts';
import { describeDropper, quotePacket } from './subject.ts';

/** What it is called, and what a host without it loses. */
const LOSSES: Readonly<Record<EssentialTraffic, readonly [name: string, loss: string]>> = {
  'neighbor-discovery': ['IPv6 neighbour discovery', 'neighbours cannot find the host, and IPv6 ends within a minute'],
  'multicast-listener': [
    'IPv6 multicast listener discovery',
    'behind a switch that snoops it the host vanishes from IPv6 within minutes',
  ],
  'path-mtu': ['path MTU discovery', 'connections through a link with a smaller MTU stall'],
  dhcp: ['DHCP', 'the lease of the address cannot be renewed, and the host loses it when it ends'],
};

export function observeEssentials(all: readonly DroppedEssential[], policy: Policy): readonly Observation[] {
  return all.map((dropped) => {
    const { traffic, family, by } = dropped;
    return {
      code: codeOf(dropped),
      span: by === 'default' ? policy.span : by.filter.span,
      about: by === 'default' ? [`${traffic} over IPv${family}`] : [by, `${traffic} over IPv${family}`],
      size: 0,
      group: undefined,
      word: () => ({ message: messageOf(dropped), help: helpFor(traffic, policy) }),
    };
  });
}

function codeOf({ lease }: DroppedEssential): DiagnosticCode {
  if (lease === undefined) return 'XP0410';
  return lease.kind === 'unknown' ? 'XP0412' : 'XP0411';
}

function messageOf({ traffic, family, seen, by, lease }: DroppedEssential): string {
  const [name, loss] = LOSSES[traffic];
  const drops = `${describeDropper(by)} drops ${name}, ${quotePacket(seen)}`;
  const over = traffic === 'path-mtu' ? ` over IPv${family}` : '';
  switch (lease?.kind) {
    case undefined:
      return `${drops}: ${loss}${over}`;
    case 'held':
      return `${formatAddress(lease.address)} on ${lease.interface} is a lease, and ${drops}: it cannot be renewed, and the host loses its address when it ends`;
    case 'none':
      return `${lease.interface} has no IPv${family} address, and ${drops}: it cannot get one by DHCP`;
    case 'unknown':
      return `${drops}: where an address of the host is a lease, it cannot be renewed`;
  }
}

function helpFor(traffic: EssentialTraffic, { exemptions }: Policy): string {
  return `write exemptions: [${[...exemptions, traffic].join(', ')}], or permit it by a filter`;
}
