import { PROTOCOLS } from '../../../policy/model.ts';
import { areAnyPort, protocolName } from '../../../policy/ports.ts';
import type { MirrorHole } from '../mirror-holes.ts';
import type { Observation, Wording } from '../observation.ts';
import type { RuleFilter } from '../universe.ts';
import { describeDropper, quotePacket } from './subject.ts';

export function observeMirrorHoles(holes: readonly MirrorHole[]): readonly Observation[] {
  return holes.map((hole) => ({
    code: hole.isFromHosts ? 'XP0407' : 'XP0405',
    span: hole.filter.filter.span,
    about: [hole.filter],
    size: hole.size,
    group: undefined,
    word: () => wordHole(hole),
  }));
}

function wordHole({ filter, witness, by }: MirrorHole): Wording {
  const message =
    `the mirror half lets in new connections ${sendersOf(filter)}, to every local port${protocolsOf(filter)}: ` +
    `${quotePacket(witness)} passes, and without the mirror half ${describeDropper(by)} would drop it`;
  return { message, help: helpFor(filter) };
}

/** `from any host that sends from udp port 53`. */
function sendersOf({ filter }: RuleFilter): string {
  const { destination, destinationPorts, protocol } = filter;
  const who = destination.kind === 'any' ? 'any host' : 'the hosts of its destination';
  if (areAnyPort(destinationPorts)) return `from ${who}`;
  const ports = destinationPorts.map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(', ');
  const name = protocol === undefined ? '' : `${protocolName(protocol)} `;
  return `from ${who} that ${destination.kind === 'any' ? 'sends' : 'send'} from ${name}port ${ports}`;
}

function protocolsOf({ filter: { protocol, destinationPorts } }: RuleFilter): string {
  if (protocol === undefined) return ' of every protocol';
  return areAnyPort(destinationPorts) ? ` of ${protocolName(protocol)}` : '';
}

function helpFor({ filter }: RuleFilter): string {
  const { protocol, text } = filter;
  const form = text.startsWith('{') ? '' : ', in the mapping form';
  const answers = `mirrored: established${form}`;
  if (protocol === PROTOCOLS.tcp) return `write ${answers}: it lets in answers and no new connections`;
  if (protocol === undefined) {
    return `split it: protocol: tcp with ${answers} for what the host asks, and for other protocols the remote hosts and ports by name`;
  }
  return `${protocolName(protocol)} shows no connections: name the remote hosts, or the local ports with sourcePort`;
}
