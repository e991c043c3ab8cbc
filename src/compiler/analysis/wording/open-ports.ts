/** Exemptions that open ports, and sockets that hear more than `me`. */
import type { Exemption, Policy } from '../../../policy/model.ts';
import type { OpenExemption } from '../exemption-ports.ts';
import type { HeardBesides } from '../heard-besides.ts';
import type { Observation } from '../observation.ts';
import { describeDropper, quotePacket, thisFilter } from './subject.ts';

const INSTEAD: Readonly<Partial<Record<Exemption, string>>> = {
  kerberos: 'leave it out, and permit the servers by name: source me, destination their addresses, destinationPort 88',
  ike: 'leave it out, and permit the other ends by name: sourcePort 500 and destinationPort 500 with their addresses',
  broadcast: 'leave it out, and permit by name what answers broadcasts here: destination 255.255.255.255 and its port',
  multicast: 'leave it out, and permit by name what listens here: destination its group and its port',
};

export function observeOpenExemptions(all: readonly OpenExemption[], policy: Policy): readonly Observation[] {
  return all.map(({ exemption, witness, by }) => ({
    code: 'XP0413',
    span: policy.span,
    about: [`exemption ${exemption}`],
    size: 0,
    group: undefined,
    word: () => ({
      message: `the exemption ${exemption} opens ports: ${quotePacket(witness)} passes, and without the exemption ${describeDropper(by)} would drop it`,
      help: INSTEAD[exemption] ?? 'leave it out, and permit what is needed by name',
    }),
  }));
}

export function observeHeardBesides(all: readonly HeardBesides[]): readonly Observation[] {
  return all.map(({ filter, witness }) => ({
    code: 'XP0416',
    span: filter.filter.span,
    about: [filter],
    size: 0,
    group: undefined,
    word: () => {
      const message = `${thisFilter(filter)} blocks what comes to the host's addresses, but its sockets hear broadcasts and multicast too: ${quotePacket(witness)} passes by default`;
      const form = filter.filter.text.startsWith('{') ? '' : ', in the mapping form';
      return { message, help: `write local in place of me${form}: it is me, the broadcasts and multicast` };
    },
  }));
}
