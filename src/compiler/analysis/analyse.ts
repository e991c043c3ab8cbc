/** What `check` says of a policy beyond its text: the findings as diagnostics. Pure. */
import { present } from '../../base/assert.ts';
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { HostAddresses, Policy } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { KEY_NAMES } from '../../policy/key-names.ts';
import { formatPacket } from '../../policy/packet-text.ts';
import { protocolName } from '../../policy/port-text.ts';
import type { DecidingKey } from '../../policy/specificity.ts';
import { decidingKey } from '../../policy/specificity.ts';
import type { Crossing } from './crossings.ts';
import { findingsOf } from './findings.ts';
import type { IdenticalGroup } from './identical.ts';
import type { Place } from './interfaces.ts';
import type { MirrorHole } from './mirror-holes.ts';
import type { Shadowed } from './shadowed.ts';
import type { RuleFilter } from './universe.ts';

/** Codes of the analysis start so. */
export const ANALYSIS_PREFIX = 'XP04';

/** Reports what the policy says twice, by accident or to no effect. It must have been read without errors. */
export function analyse(policy: Policy, host: HostAddresses, diags: Diagnostics): void {
  const findings = findingsOf(policy, host);
  for (const group of findings.identical) reportIdentical(group, diags);
  for (const crossing of findings.crossings) reportCrossing(crossing, diags);
  for (const shadowed of findings.shadowed) reportShadowed(shadowed, policy, host, diags);
  for (const hole of findings.mirrorHoles) reportMirrorHole(hole, diags);
  if (findings.blocksNothing) {
    const message = 'the default permits and no rule blocks: every packet passes';
    diags.warning('XP0406', policy.span, message, 'write default: block, or add a rule that blocks');
  }
}

/** `"*+131.107.1.1:80:TCP" (permit, rule "web", line 12)`. */
function describe({ filter, rule }: RuleFilter): string {
  const line = filter.span.lineText === '' ? '' : `, line ${filter.span.line}`;
  return `${shortened(filter.text)} (${rule.action}, rule "${rule.name}"${line})`;
}

const LONGEST_TEXT = 80;

function shortened(text: string): string {
  return `"${text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`}"`;
}

function reportIdentical(group: IdenticalGroup, diags: Diagnostics): void {
  for (const [i, later] of group.entries()) {
    const { filter, rule } = later;
    const first = present(group[0]);
    const opposed = group.slice(0, i).find((earlier) => earlier.rule.action !== rule.action);
    if (opposed !== undefined) {
      const message = `this filter (${rule.action}, rule "${rule.name}") matches exactly the packets of ${describe(opposed)}`;
      diags.error('XP0401', filter.span, message, 'keep one of the two, or make one more specific');
    } else if (i > 0) {
      const message = `this filter (rule "${rule.name}") matches exactly the packets of ${describe(first)}, which counts them`;
      diags.warning('XP0402', filter.span, message, 'one of the two is enough');
    }
  }
}

function reportCrossing({ winner, loser, key, packet, place, adjacent }: Crossing, diags: Diagnostics): void {
  const self = `this filter (${loser.rule.action}, rule "${loser.rule.name}")`;
  const between = adjacent ? '' : ', with others between them';
  const message = `${self} crosses ${describe(winner)}: both match ${formatPacket(packet)}${on(place)}, and ${firstBy(winner, key)}${between}`;
  const help = `if ${winner.rule.action} is not meant for such packets, add a filter for just them`;
  diags.warning('XP0403', loser.filter.span, message, help);
}

function firstBy({ rule }: RuleFilter, key: DecidingKey): string {
  return `${rule.action} wins by: ${KEY_NAMES[key]}`;
}

function on(place: Place): string {
  return place === undefined ? '' : ` on ${place}`;
}

function reportShadowed({ filter, by, example }: Shadowed, policy: Policy, host: HostAddresses, diags: Diagnostics): void {
  const { span } = filter.filter;
  const self = `this filter (${filter.rule.action}, rule "${filter.rule.name}")`;
  if (by === undefined || example === undefined) {
    if (hasEmptyEnd(filter, policy, host)) return;
    const message = `${self} matches no packet: its ends have no address family in common`;
    diags.warning('XP0404', span, message, 'give both ends addresses of one family, or remove it');
    return;
  }
  const { packet, loser, place } = example;
  const decides =
    by.directed === undefined
      ? `the exemption ${by.owner} passes it`
      : `${describe(by.owner)} does by: ${KEY_NAMES[decidingKey(by.directed, loser.directed)]}`;
  const message = `${self} never decides, others come first for all its packets: for ${formatPacket(packet)}${on(place)} ${decides}`;
  diags.warning('XP0404', span, message, 'remove it, or make it more specific');
}

/** An end without any address has its own diagnostic. */
function hasEmptyEnd({ filter }: RuleFilter, policy: Policy, host: HostAddresses): boolean {
  return [filter.source, filter.destination].some((match) => {
    switch (match.kind) {
      case 'any':
      case 'prefix':
        return false;
      case 'me':
        return host.me.length === 0;
      case 'name':
        return (host.names.get(match.name) ?? []).length === 0;
      case 'set': {
        const { v4, v6 } = present(policy.addressSets.get(match.name)).prefixes;
        return v4.count + v6.count === 0;
      }
    }
  });
}

function reportMirrorHole({ filter, packet }: MirrorHole, diags: Diagnostics): void {
  const { protocol, destinationPorts, span } = filter.filter;
  const ports = destinationPorts.map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(', ');
  const name = protocol === undefined ? 'any protocol' : protocolName(protocol);
  const message = `the mirror half lets in whatever comes from ${name} port ${ports}, to every port: ${formatPacket(packet)} passes`;
  const help =
    protocol === PROTOCOLS.tcp
      ? 'write mirrored: established, which lets answers in and no new connections'
      : `${name} shows no connections: name the remote hosts, or the local ports with sourcePort`;
  diags.warning('XP0405', span, message, help);
}
