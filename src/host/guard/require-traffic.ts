/** What the host does now, before a policy that would end it is put in force. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../../base/assert.ts';
import { Diagnostics } from '../../base/diagnostics.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { groupBy } from '../../base/group-by.ts';
import type { Attachment } from '../../engine/survey.ts';
import { surveyAttachments } from '../../engine/survey.ts';
import type { Decision } from '../../policy/classify.ts';
import { ReferenceClassifier } from '../../policy/classify.ts';
import type { HostAddresses, Policy } from '../../policy/model.ts';
import { formatSeenPacket } from '../../policy/packet/text.ts';
import type { HostContext } from '../context.ts';
import { addDynamicRules, emptyPolicy } from '../dynamic-policy.ts';
import { broadcastsOf, namesOf } from '../host-addresses.ts';
import { findIntendedAssignment } from '../intended-assignment.ts';
import { interfaceAddresses } from '../interfaces.ts';
import { membersFor } from '../live-sets/policy-members.ts';
import { readOverlay } from '../overlay.ts';
import { readPolicyInput } from '../policy-input.ts';
import type { ReadyPolicy } from '../ready-policy.ts';
import type { PresentPacket } from './present-packets.ts';
import { presentPackets } from './present-packets.ts';
import { parseSshConnection } from './ssh-connection.ts';

export interface Guard {
  readonly ingressOnly: boolean | undefined;
  /** It may be cut: it comes back by itself, or the user wants it. It is told as a warning then. */
  readonly mayCut: boolean;
}

/** Packets times filters: about a second. */
const MAX_WORK = 20_000_000;
/** Subjects that a message names. */
const MAX_NAMED = 8;
const LONGEST_FILTER = 80;

/** Packets of what the host does over these interfaces now. */
export async function gatherTraffic(
  { asker }: HostContext,
  filtered: readonly NetworkInterface[],
  { ingressOnly = false }: Guard,
): Promise<readonly PresentPacket[]> {
  const { defaultRoutes, interfaces, tcpSockets } = await import('libbpf-ts-bindings');
  const packets = presentPackets({
    sockets: tcpSockets(),
    routes: defaultRoutes(),
    devices: interfaces(),
    filtered: filtered.map(({ name }) => name),
    ssh: asker.ssh === undefined ? undefined : parseSshConnection(asker.ssh),
  });
  return ingressOnly ? packets.filter(({ direction }) => direction === 'arriving') : packets;
}

interface CutPacket {
  readonly asked: PresentPacket;
  readonly decision: Decision;
}

/** Throws EnvironmentError where the policy would drop some of the traffic that passes now. */
export function requireTraffic(
  context: HostContext,
  { policy, host }: ReadyPolicy,
  traffic: readonly PresentPacket[],
  { mayCut }: Guard,
): void {
  const filters = policy.rules.reduce((sum, { filterList }) => sum + filterList.filters.length, 1);
  const asked = traffic.slice(0, Math.ceil(MAX_WORK / filters));
  const dropped = findDropped(
    new ReferenceClassifier(policy, { ...host, members: membersFor(context.store, policy) }),
    asked,
  );
  const cut = dropped.length === 0 ? [] : findPassing(context, dropped, host);
  if (cut.length === 0) return;
  const subjects = [...groupBy(cut, ({ asked: { subject } }) => subject).entries()];
  const lines = subjects.slice(0, MAX_NAMED).map(([subject, packets]) => describeCut(subject, packets));
  const more = subjects.length > lines.length ? [`and ${subjects.length - lines.length} more`] : [];
  const text = [...lines, ...more].join('; ');
  if (mayCut) {
    context.report({ kind: 'warning', text: `${policy.name} cuts what this host does now: ${text}` });
    return;
  }
  throw new EnvironmentError('XDPOL_E_LOCKOUT', `${policy.name} would cut what this host does now: ${text}`, {
    help: 'permit it; or let the change go back by itself unless you confirm it: --confirm 60s; or cut it: --force',
  });
}

function findDropped(classifier: ReferenceClassifier, asked: readonly PresentPacket[]): readonly CutPacket[] {
  const dropped: CutPacket[] = [];
  for (const [name, here] of groupBy(asked, (each) => each.interface)) {
    const decisions = classifier.classifyAll(
      here.map(({ packet }) => packet),
      { interface: name },
    );
    for (const [i, decision] of decisions.entries())
      if (decision.verdict === 'drop') dropped.push({ asked: present(here[i]), decision });
  }
  // As they were asked: the most important first.
  const order = new Map(asked.map((each, i) => [each, i]));
  return dropped.toSorted((a, b) => (order.get(a.asked) ?? 0) - (order.get(b.asked) ?? 0));
}

/** Those that nothing drops now. */
function findPassing(
  context: HostContext,
  dropped: readonly CutPacket[],
  { names }: HostAddresses,
): readonly CutPacket[] {
  const { attachments, devices } = surveyAttachments();
  const policy = attachments.length === 0 ? undefined : policyInForce(context);
  if (policy === undefined) return dropped;
  const me = interfaceAddresses(devices.filter(({ index }) => attachments.some(({ ifindex }) => ifindex === index)));
  const known = new Map([...namesOf(policy).keys()].map((name) => [name, names.get(name) ?? []]));
  const members = membersFor(context.store, policy);
  const classifier = new ReferenceClassifier(policy, { me, broadcasts: broadcastsOf(me), names: known, members });
  const filtered = dropped.filter(({ asked }) => isFilteredNow(asked, attachments));
  const already = new Set(
    findDropped(
      classifier,
      filtered.map(({ asked }) => asked),
    ).map(({ asked }) => asked),
  );
  return dropped.filter(({ asked }) => !already.has(asked));
}

function isFilteredNow(asked: PresentPacket, attachments: readonly Attachment[]): boolean {
  const direction = asked.direction === 'arriving' ? 'ingress' : 'egress';
  const hooks = attachments.find(({ name }) => name === asked.interface)?.hooks ?? [];
  return hooks.some((hook) => hook.direction === direction);
}

/** With its dynamic rules; undefined where it cannot be known, so that all is asked about. */
function policyInForce(host: HostContext): Policy | undefined {
  const context: HostContext = { ...host, report: () => undefined };
  try {
    const assignment = findIntendedAssignment(context.store);
    const { policy, diags } =
      assignment === undefined
        ? emptyPolicy()
        : readPolicyInput(context, { stored: assignment.policy, version: assignment.version });
    if (policy === undefined || diags.failed) return undefined;
    return addDynamicRules(policy, readOverlay(context.store).rules, new Diagnostics()).policy;
  } catch {
    return undefined;
  }
}

/** `TCP connections to port 443 (12 of them), such as tcp ..., dropped by "..." (rule "x")`. */
function describeCut(subject: string, cut: readonly CutPacket[]): string {
  const { asked, decision } = present(cut[0]);
  const connections = new Set(cut.map(({ asked: { packet } }) => connectionKey(packet)));
  const isMany = asked.packet.established && connections.size > 1;
  const many = isMany ? ` (${connections.size} of them), such as` : ',';
  return `${subject}${many} ${formatSeenPacket(asked)}, dropped by ${describeDecision(decision)}`;
}

function connectionKey({ sourcePort, destinationPort, source, destination }: PresentPacket['packet']): string {
  return [`${source.words.join()}:${sourcePort}`, `${destination.words.join()}:${destinationPort}`].sort().join(' ');
}

function describeDecision({ by, rule, filter }: Decision): string {
  if (by !== 'rule') return 'the default';
  const text = filter ?? '';
  return `"${text.length <= LONGEST_FILTER ? text : `${text.slice(0, LONGEST_FILTER - 1)}…`}" (rule "${rule}")`;
}
