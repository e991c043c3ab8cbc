/** What a policy on trial would drop, by samples: packets that one permit would let through are one flow. */
import { formatAddress } from '../../base/ip.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { Packet } from '../../policy/packet/model.ts';
import type { TrialEvidence, TrialFlow } from '../../store/store.ts';
import type { SampleEvent } from '../events.ts';
import { packetOf } from './sources.ts';

const FLOWS_KEPT = 512;
/** Addresses of a flow that are kept apart. */
const REMOTES_KEPT = 32;

type TrialName = Pick<TrialEvidence, 'policy' | 'hash' | 'since'>;

export class TrialFlows {
  readonly #name: TrialName;
  readonly #flows: Map<string, TrialFlow>;
  #leftOut: number;

  constructor({ flows, leftOut, ...name }: TrialEvidence) {
    this.#name = { policy: name.policy, hash: name.hash, since: name.since };
    this.#flows = new Map(flows.map((flow) => [keyOf(flow), flow]));
    this.#leftOut = leftOut;
  }

  isOf({ policy, hash, since }: TrialName): boolean {
    const mine = this.#name;
    return mine.policy === policy && mine.hash === hash && mine.since === since;
  }

  get evidence(): TrialEvidence {
    return { ...this.#name, flows: [...this.#flows.values()], leftOut: this.#leftOut };
  }

  /** One of a trial before this one says nothing of it. */
  add(event: SampleEvent): void {
    const { policy, since } = this.#name;
    if ((event.policy !== null && event.policy !== policy) || event.time < since) return;
    const fresh = flowOf(event);
    const key = fresh === undefined ? '' : keyOf(fresh);
    const known = this.#flows.get(key);
    if (fresh === undefined || (known === undefined && this.#flows.size >= FLOWS_KEPT)) this.#leftOut++;
    else this.#flows.set(key, known === undefined ? fresh : join(known, fresh));
  }
}

function keyOf({ interface: name, protocol, service, port, icmp, local }: TrialFlow): string {
  return JSON.stringify([name, protocol, service, port, icmp, local]);
}

/** undefined where no permit for addresses, ports or types would let it through. */
function flowOf(event: SampleEvent): TrialFlow | undefined {
  const packet = packetOf(event);
  const isDropped = event.by === 'rule' || event.by === 'default';
  if (packet === undefined || packet.laterFragment || !isDropped) return undefined;
  const isArriving = event.direction === 'ingress';
  const [local, remote] = isArriving ? [packet.destination, packet.source] : [packet.source, packet.destination];
  const serving = servingEnd(packet);
  return {
    interface: event.interface,
    directions: [event.direction],
    protocol: packet.protocol,
    service: serving === undefined ? null : (serving === 'destination') === isArriving ? 'local' : 'remote',
    port: serving === undefined ? null : serving === 'destination' ? packet.destinationPort : packet.sourcePort,
    icmp: packet.icmp === undefined ? null : [packet.icmp.type, packet.icmp.code],
    local: formatAddress(local),
    remotes: { [formatAddress(remote)]: 1 },
    isMany: false,
    samples: 1,
    rules: [event.rule],
  };
}

/** A first TCP packet goes to the service. Otherwise the lower port is taken for it: clients get high ones. */
function servingEnd(packet: Packet): 'source' | 'destination' | undefined {
  const { protocol, sourcePort, destinationPort, established } = packet;
  if (sourcePort === 0 && destinationPort === 0) return undefined;
  if (protocol === PROTOCOLS.tcp && !established) return 'destination';
  return sourcePort < destinationPort ? 'source' : 'destination';
}

function join(known: TrialFlow, fresh: TrialFlow): TrialFlow {
  const [remote = ''] = Object.keys(fresh.remotes);
  const hasRoom = known.remotes[remote] !== undefined || Object.keys(known.remotes).length < REMOTES_KEPT;
  return {
    ...known,
    directions: [...new Set([...known.directions, ...fresh.directions])],
    rules: [...new Set([...known.rules, ...fresh.rules])],
    samples: known.samples + 1,
    isMany: known.isMany || !hasRoom,
    remotes: hasRoom ? { ...known.remotes, [remote]: (known.remotes[remote] ?? 0) + 1 } : known.remotes,
  };
}
