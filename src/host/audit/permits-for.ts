/** Permits that let flows through, each tried on the policy that would drop them. */
import { present } from '../../base/assert.ts';
import type { Address } from '../../base/ip.ts';
import { formatAddress, parseAddress, sameAddress, wholeAddress } from '../../base/ip.ts';
import { printFilter } from '../../formats/yaml/print.ts';
import { ReferenceClassifier } from '../../policy/classify.ts';
import type {
  AddressMatch,
  Filter,
  HostAddresses,
  Policy,
  PortRange,
  Rule,
  SingleAddress,
} from '../../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../../policy/model.ts';
import type { Packet } from '../../policy/packet/model.ts';
import { PLAIN_PACKET } from '../../policy/packet/model.ts';
import { protocolName } from '../../policy/ports.ts';
import type { TrialFlow } from '../../store/store.ts';

/** Stands for the port of a client. */
const CLIENT_PORT = 50_000;

export interface Permit {
  readonly flow: TrialFlow;
  readonly rule: Rule;
  /** The rule that would drop the flow all the same, null for the default; undefined where the permit lets it through. */
  readonly stillDroppedBy: string | null | undefined;
}

/** The flow with most samples first. */
export function permitsFor(policy: Policy, host: HostAddresses, flows: readonly TrialFlow[]): readonly Permit[] {
  const taken = new Set(policy.rules.map(({ name }) => name));
  const permits = [...flows]
    .sort((a, b) => b.samples - a.samples)
    .map((flow) => ({ flow, rule: ruleFor(policy, host, flow, taken) }));
  const whole = { ...policy, rules: [...policy.rules, ...permits.map(({ rule }) => rule)] };
  const classifier = new ReferenceClassifier(whole, host);
  return permits.map(({ flow, rule }) => {
    const drops = packetsOf(flow)
      .map((packet) => classifier.classify(packet, { interface: flow.interface }))
      .filter(({ verdict }) => verdict === 'drop');
    return { flow, rule, stillDroppedBy: drops[0]?.rule };
  });
}

function ruleFor(policy: Policy, host: HostAddresses, flow: TrialFlow, taken: Set<string>): Rule {
  const filter = filterFor(policy, host, flow);
  const wanted = `permit ${serviceText(flow)} ${flow.service === 'remote' ? 'out' : 'in'}`;
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted} ${i}`;
  taken.add(name);
  const { span } = policy;
  return { name, filterList: { name, filters: [filter], span }, action: 'permit', interfaces: undefined, span };
}

/** Such as `tcp 443`, `icmp 8`, `47`. */
export function serviceText({ protocol, port, icmp }: TrialFlow): string {
  const number = port ?? icmp?.[0];
  return number === undefined ? protocolName(protocol) : `${protocolName(protocol)} ${number}`;
}

/** One way where packets of one direction would be dropped alone; mirrored where both would be. */
function filterFor(policy: Policy, host: HostAddresses, flow: TrialFlow): Filter {
  const { protocol, service, port, icmp, directions } = flow;
  const isMirrored = directions.length > 1;
  // The forward half goes to the service.
  const isInward = isMirrored ? service !== 'remote' : directions[0] === 'ingress';
  const local = localMatch(host, flow.local);
  const remote = remoteMatch(flow);
  const servedPort: readonly PortRange[] = port === null ? [ANY_PORT] : [{ lo: port, hi: port }];
  const isReply = service === (isInward ? 'remote' : 'local');
  const filter: Omit<Filter, 'text'> = {
    source: isInward ? remote : local,
    destination: isInward ? local : remote,
    sourcePorts: isReply ? servedPort : [ANY_PORT],
    destinationPorts: isReply ? [ANY_PORT] : servedPort,
    protocol,
    icmp: icmp === null ? [] : [{ type: icmp[0], code: undefined }],
    established: isReply && protocol === PROTOCOLS.tcp,
    fragment: false,
    mirrored: isMirrored && (protocol === PROTOCOLS.tcp ? 'established' : true),
    span: policy.span,
  };
  return { ...filter, text: printFilter({ ...filter, text: '' }) };
}

function localMatch({ me }: HostAddresses, text: string): AddressMatch {
  const address = addressOf(text);
  return me.some((own) => sameAddress(own, address)) ? { kind: 'me' } : single(address);
}

function remoteMatch({ remotes, isMany }: TrialFlow): AddressMatch {
  const members = Object.keys(remotes).map(addressOf).map(single);
  const [only] = members;
  if (isMany || only === undefined) return { kind: 'any' };
  return members.length === 1 ? only : { kind: 'list', members, exclude: [] };
}

function single(address: Address): SingleAddress {
  return { kind: 'prefix', prefix: wholeAddress(address) };
}

function addressOf(text: string): Address {
  return present(parseAddress(text), text);
}

/** One of each remote and direction. */
function packetsOf({ directions, remotes, local: text, service, port, protocol, icmp }: TrialFlow): readonly Packet[] {
  const local = addressOf(text);
  return Object.keys(remotes).flatMap((remote) =>
    directions.map((direction): Packet => {
      const isArriving = direction === 'ingress';
      const [source, destination] = isArriving ? [addressOf(remote), local] : [local, addressOf(remote)];
      const isReply = service === (isArriving ? 'remote' : 'local');
      const ports = port === null ? [0, 0] : isReply ? [port, CLIENT_PORT] : [CLIENT_PORT, port];
      return {
        ...PLAIN_PACKET,
        family: local.family,
        source,
        destination,
        protocol,
        sourcePort: ports[0] ?? 0,
        destinationPort: ports[1] ?? 0,
        icmp: icmp === null ? undefined : { type: icmp[0], code: icmp[1] },
        established: isReply && protocol === PROTOCOLS.tcp,
      };
    }),
  );
}

/** With most samples first. */
export function remotesOf({ remotes }: TrialFlow): readonly { readonly address: string; readonly samples: number }[] {
  return Object.entries(remotes)
    .map(([address, samples]) => ({ address: formatAddress(addressOf(address)), samples }))
    .sort((a, b) => b.samples - a.samples);
}
