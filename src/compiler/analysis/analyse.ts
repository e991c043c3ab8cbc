/** What `check` says of a policy beyond its text: the findings as diagnostics. Pure. */

import { present } from '../../base/assert.ts';
import type { DiagnosticCode } from '../../base/codes/catalogue.ts';
import { CODES } from '../../base/codes/catalogue.ts';
import type { Severity } from '../../base/codes/entry.ts';
import type { Diagnostics } from '../../base/diagnostics.ts';
import { KEY_NAMES } from '../../policy/key-names.ts';
import type { AddressMatch, HostAddresses, Policy } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { formatPacket } from '../../policy/packet/text.ts';
import { mergeRanges, protocolName } from '../../policy/ports.ts';
import { decidingKey } from '../../policy/specificity.ts';
import type { Crossing } from './crossings.ts';
import { findingsOf } from './findings.ts';
import type { IdenticalGroup } from './identical.ts';
import { identicalFilters } from './identical.ts';
import type { Place } from './interfaces.ts';
import type { MirrorHole } from './mirror-holes.ts';
import type { Shadowed } from './shadowed.ts';
import type { RuleFilter } from './universe.ts';
import { universeOf } from './universe.ts';

/** Codes of the analysis start so. */
export const ANALYSIS_PREFIX = 'XP04';

export interface AnalyseOptions {
  /** For people: a few findings of each code, and of the crossings with one filter the first. */
  readonly brief?: boolean;
}

/** Findings that a brief analysis does not report as diagnostics of their own. */
export interface Untold {
  readonly code: string;
  readonly severity: Severity;
  /** Named in the diagnostic of another. */
  readonly grouped: number;
  readonly left: number;
  /** There may be more. */
  readonly atLeast: boolean;
}

const SHOWN = 10;
/** Crossings that a brief analysis looks for: more than anyone counts. */
const BRIEF_CROSSINGS = 10_000;

/** One diagnostic, for one finding or for several alike. */
interface Report {
  readonly findings: number;
  readonly tell: () => void;
}

/** Reports what the policy says twice, by accident or to no effect. It must have been read without errors. */
export function analyse(
  policy: Policy,
  host: HostAddresses,
  diags: Diagnostics,
  { brief = false }: AnalyseOptions = {},
): readonly Untold[] {
  const findings = findingsOf(policy, host, brief ? BRIEF_CROSSINGS : undefined);
  const crossings = brief ? byWinner(findings.crossings) : findings.crossings.map((one) => [one]);
  const identical = identicalReports(findings.identical, diags);
  const told = [
    tell('XP0401', identical.opposed, brief),
    tell('XP0402', identical.agreeing, brief),
    tell(
      'XP0403',
      crossings.map((group) => crossingReport(group, diags)),
      brief,
      findings.crossingsCut,
    ),
    tell('XP0404', shadowedReports(findings.shadowed, policy, host, diags), brief),
    tell(
      'XP0405',
      findings.mirrorHoles.map((hole) => mirrorHoleReport(hole, diags)),
      brief,
    ),
  ];
  if (findings.blocksNothing) {
    const message = 'the default permits and no rule blocks: every packet passes';
    diags.report('XP0406', policy.span, message, 'write default: block, or add a rule that blocks');
  }
  return told.filter(({ grouped, left }) => grouped + left > 0);
}

/** The one finding that no policy may be put in force with: equal filters of opposite actions. Reports each as an error. */
export function refuseContradictions(policy: Policy, host: HostAddresses, diags: Diagnostics): void {
  for (const report of identicalReports(identicalFilters(universeOf(policy, host)), diags).opposed) report.tell();
}

function tell(code: DiagnosticCode, reports: readonly Report[], brief: boolean, atLeast = false): Untold {
  const shown = brief ? reports.slice(0, SHOWN) : reports;
  for (const report of shown) report.tell();
  const count = (some: readonly Report[]): number => some.reduce((sum, report) => sum + report.findings, 0);
  const grouped = count(shown) - shown.length;
  return { code, severity: CODES[code].severity, grouped, left: count(reports) - count(shown), atLeast };
}

function byWinner(crossings: readonly Crossing[]): readonly (readonly Crossing[])[] {
  const groups = new Map<RuleFilter, Crossing[]>();
  for (const crossing of crossings) {
    const known = groups.get(crossing.winner);
    if (known === undefined) groups.set(crossing.winner, [crossing]);
    else known.push(crossing);
  }
  return [...groups.values()];
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

function identicalReports(
  groups: readonly IdenticalGroup[],
  diags: Diagnostics,
): { readonly opposed: readonly Report[]; readonly agreeing: readonly Report[] } {
  const opposed: Report[] = [];
  const agreeing: Report[] = [];
  for (const group of groups) {
    const first = present(group[0]);
    for (const { filter, rule, index } of group.slice(1)) {
      const self = `this filter (${rule.action}, rule "${rule.name}") matches exactly the packets of`;
      const other = group.find((earlier) => earlier.index < index && earlier.rule.action !== rule.action);
      if (other !== undefined) {
        const help = 'keep one of the two, or make one more specific';
        opposed.push(single(() => diags.report('XP0401', filter.span, `${self} ${describe(other)}`, help)));
      } else {
        const message = `${self} ${describe(first)}, which counts them`;
        agreeing.push(single(() => diags.report('XP0402', filter.span, message, 'one of the two is enough')));
      }
    }
  }
  return { opposed, agreeing };
}

function single(tellIt: () => void): Report {
  return { findings: 1, tell: tellIt };
}

/** Of several with the same winner: the first is told and the others are named. */
function crossingReport(crossings: readonly Crossing[], diags: Diagnostics): Report {
  const { winner, loser, key, search, point, place, adjacent } = present(crossings[0]);
  const told = (): void => {
    const { action, name } = loser.rule;
    const packet = formatPacket(search.packet(point));
    const message = [
      `this filter (${action}, rule "${name}") crosses ${describe(winner)}`,
      `: both match ${packet}${on(place)}, and ${winner.rule.action} wins by: ${KEY_NAMES[key]}`,
      adjacent ? '' : ', with other filters between them',
      crossings.length === 1 ? '' : `; so do ${crossings.length - 1} more${linesOf(crossings.slice(1))}`,
    ];
    const help = `if ${winner.rule.action} is not meant for such packets, add a filter for just them`;
    diags.report('XP0403', loser.filter.span, message.join(''), help);
  };
  return { findings: crossings.length, tell: told };
}

const LINES = 8;

function linesOf(crossings: readonly Crossing[]): string {
  const lines = crossings.flatMap(({ loser: { filter } }) => (filter.span.lineText === '' ? [] : [filter.span.line]));
  const ranges = mergeRanges(lines.map((line) => ({ lo: line, hi: line })));
  if (ranges.length === 0) return '';
  const shown = ranges.slice(0, LINES).map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`));
  return `, line${lines.length === 1 ? '' : 's'} ${[...shown, ...(ranges.length > LINES ? ['…'] : [])].join(', ')}`;
}

function on(place: Place): string {
  return place === undefined ? '' : ` on ${place}`;
}

function shadowedReports(
  all: readonly Shadowed[],
  policy: Policy,
  host: HostAddresses,
  diags: Diagnostics,
): readonly Report[] {
  const worthTelling = all.filter(({ filter, example }) => example !== undefined || !hasEmptyEnd(filter, policy, host));
  return worthTelling.map((shadowed) => {
    const { filter, rule } = shadowed.filter;
    const self = `this filter (${rule.action}, rule "${rule.name}")`;
    const { why, help } = shadowedBecause(shadowed);
    return single(() => diags.report('XP0404', filter.span, `${self} ${why}`, help));
  });
}

function shadowedBecause({ by, example }: Shadowed): { readonly why: string; readonly help: string } {
  if (by === undefined || example === undefined) {
    const why = 'matches no packet: its ends have no address family in common';
    return { why, help: 'give both ends addresses of one family, or remove it' };
  }
  const { packet, loser, place } = example;
  const decides =
    by.directed === undefined
      ? `the exemption ${by.owner} passes it`
      : `${describe(by.owner)} wins by: ${KEY_NAMES[decidingKey(by.directed, loser.directed)]}`;
  const why = `never decides, others come first for all its packets: for ${formatPacket(packet)}${on(place)} ${decides}`;
  return { why, help: 'remove it, or make it more specific' };
}

function hasEmptyEnd({ filter }: RuleFilter, policy: Policy, host: HostAddresses): boolean {
  return isEmpty(filter.source, policy, host) || isEmpty(filter.destination, policy, host);
}

/** An address without any prefix has a diagnostic of its own. */
function isEmpty(match: AddressMatch, policy: Policy, host: HostAddresses): boolean {
  switch (match.kind) {
    case 'any':
    case 'local':
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
}

function mirrorHoleReport({ filter, packet }: MirrorHole, diags: Diagnostics): Report {
  const { protocol, destinationPorts, span } = filter.filter;
  const ports = destinationPorts.map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(', ');
  const name = protocol === undefined ? 'any protocol' : protocolName(protocol);
  const message = `the mirror half lets in whatever comes from ${name} port ${ports}, to every port: ${formatPacket(packet)} passes`;
  const form = filter.filter.text.startsWith('{') ? '' : ', in the mapping form';
  const help =
    protocol === PROTOCOLS.tcp
      ? `write mirrored: established${form}: it lets answers in and no new connections`
      : `${name} shows no connections: name the remote hosts, or the local ports with sourcePort`;
  return single(() => diags.report('XP0405', span, message, help));
}
