/**
 * A planning chart as a policy: a permitted filter list for every role, and for every interface address a rule that
 * blocks what the roles leave over. To be reviewed before it is applied: comments say where a filter opens more than
 * its row seems to ask for.
 */

import type { Diagnostics } from '../../base/diagnostics.ts';
import { spanOfFile } from '../../base/diagnostics.ts';
import { addressText } from '../../policy/address-match.ts';
import { ANY_PACKET, emptyPolicy } from '../../policy/defaults.ts';
import type { AddressMatch, Filter, FilterList, Policy, PortRange, Rule } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { areAnyPort, protocolName } from '../../policy/ports.ts';
import type { FilterKey } from '../filter-check.ts';
import { checkFilter } from '../filter-check.ts';
import type { Token } from '../token.ts';
import type { PolicyComments } from '../yaml/print.ts';
import { readName } from '../yaml/read-names.ts';
import { readTable } from './chart-table.ts';
import type { ChartCells } from './columns.ts';
import { chartCells } from './columns.ts';
import type { ChartRow, Direction } from './row.ts';
import { readRow } from './row.ts';

/** Of one row. */
const MAX_FILTERS = 1000;

export interface ChartSource {
  /** As diagnostics name it. */
  readonly file: string;
  /** CSV, or Markdown with a table. */
  readonly text: string;
  /** Of the policy. */
  readonly name: string;
}

export interface ChartPolicy {
  readonly policy: Policy;
  /** For printPolicy. */
  readonly comments: PolicyComments;
}

interface Role {
  readonly token: Token;
  readonly filters: Filter[];
}

/** The policy of a chart, or undefined where `diags` got an error. Every row is read, whatever is wrong with others. */
export function readChart(source: ChartSource, diags: Diagnostics): ChartPolicy | undefined {
  const mark = diags.all.length;
  const text = source.text.startsWith('\ufeff') ? source.text.slice(1) : source.text;
  const table = readTable(source.file, text, diags);
  const rows = diags.failedSince(mark) ? [] : chartCells(source.file, table, diags);
  const roles = new Map<string, Role>();
  const locals = new Map<string, { readonly local: AddressMatch; readonly cell: Token }>();
  const comments = new Map<Policy | FilterList | Filter, string>();
  for (const { cells, role } of withRoles(rows, roles, diags)) {
    const row = readRow(cells, diags);
    if (row === undefined) continue;
    for (const filter of filtersOf(row, diags, comments)) role?.filters.push(filter);
    for (const local of row.locals) locals.set(addressText(local), { local, cell: cells.local });
  }
  const blocks = [...locals].map(([name, { local, cell }]) => blockList(name, local, cell));
  for (const { name } of blocks) {
    const taken = roles.get(name);
    if (taken !== undefined) diags.report('XP0808', taken.token.span, `"${name}" is the name of a rule that blocks`);
  }
  if (diags.failedSince(mark)) return undefined;
  const permits = [...roles].map(([name, { token, filters }]) => ({ name, filters, span: token.span }));
  const policy = policyOf(source, permits, blocks);
  comments.set(policy, `Made from ${oneLine(source.file)}: review it, and run xdpol check, before it is applied.`);
  return { policy, comments };
}

interface RowOfRole {
  readonly cells: ChartCells;
  /** undefined where its cell was reported. */
  readonly role: Role | undefined;
}

/** Rows of one role go together, wherever they stand; an empty cell goes on with the role above. */
function withRoles(rows: readonly ChartCells[], roles: Map<string, Role>, diags: Diagnostics): readonly RowOfRole[] {
  let above: Role | undefined;
  return rows.map((cells, i) => {
    if (cells.role.text === '' && i > 0) return { cells, role: above };
    const name = readRole(cells.role, diags);
    above = name === undefined ? undefined : (roles.get(name) ?? { token: cells.role, filters: [] });
    if (name !== undefined && above !== undefined) roles.set(name, above);
    return { cells, role: above };
  });
}

function readRole(token: Token, diags: Diagnostics): string | undefined {
  if (token.text === '') return diags.report('XP0808', token.span, 'Role: the first row has no role');
  return readName({ ...token, text: oneLine(token.text) }, 'role', diags);
}

/** A cell may be broken over lines. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ');
}

function filtersOf(row: ChartRow, diags: Diagnostics, comments: Map<unknown, string>): readonly Filter[] {
  const { cells, flows, locals, protocols, ports } = row;
  const count = flows.reduce((sum, { peers }) => sum + peers.length, 0) * locals.length * protocols.length;
  if (count > MAX_FILTERS) {
    const help = 'import it with From/to all, then use an address set in the policy';
    diags.report('XP0811', cells.peer.span, `the row stands for ${count} filters, more than ${MAX_FILTERS}`, help);
    return [];
  }
  const all = flows.flatMap(({ direction, peers }) =>
    locals.flatMap((local) =>
      protocols.flatMap(({ number }) => peers.map((peer) => ({ direction, local, peer, protocol: number }))),
    ),
  );
  const spans: Partial<Record<FilterKey, Token>> = { destinationPort: cells.port, protocol: cells.protocol };
  const spanOf = (key: FilterKey): Token['span'] => (spans[key] ?? cells.peer).span;
  const filters: Filter[] = [];
  for (const { direction, local, peer, protocol } of all) {
    const filter = filterOf(direction, local, peer, protocol, ports, cells);
    if (!checkFilter(filter, { syntax: 'filterspec', spanOf, familyOfSet: () => undefined }, diags)) break;
    const comment = direction === 'out' ? commentOf(filter, peer, local) : undefined;
    if (comment !== undefined) comments.set(filter, comment);
    filters.push(filter);
  }
  return filters;
}

function filterOf(
  direction: Direction,
  local: AddressMatch,
  peer: AddressMatch,
  protocol: number | undefined,
  ports: readonly PortRange[],
  cells: ChartCells,
): Filter {
  const inbound = direction === 'in';
  return {
    ...ANY_PACKET,
    source: inbound ? peer : local,
    destination: inbound ? local : peer,
    destinationPorts: ports,
    protocol,
    mirrored: !inbound && protocol === PROTOCOLS.tcp ? 'established' : true,
    text: oneLine([direction, ...[cells.peer, cells.local, cells.protocol, cells.port].map((c) => c.text)].join(' ')),
    span: cells.role.span,
  };
}

/** What the way back of an outbound filter lets in. */
function commentOf(
  { protocol, destinationPorts }: Filter,
  peer: AddressMatch,
  local: AddressMatch,
): string | undefined {
  if (protocol === undefined || areAnyPort(destinationPorts)) return undefined;
  const ports = destinationPorts.map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(', ');
  const whoever = peer.kind === 'any' ? `anyone who sends from port ${ports}` : `port ${ports} of ${addressText(peer)}`;
  const reach = `${whoever} reach every port of ${addressText(local)}`;
  if (protocol === PROTOCOLS.tcp) return `established: answers only. mirrored: true would let ${reach}.`;
  const name = protocolName(protocol);
  return `${name} does not distinguish answers from requests, so this lets ${reach}.`;
}

/** Both ways, as the permits are: what leaves the address is blocked too unless a role asks for it. */
function blockList(address: string, local: AddressMatch, cell: Token): FilterList {
  const filter: Filter = {
    ...ANY_PACKET,
    destination: local,
    mirrored: true,
    text: `all ${address}`,
    span: cell.span,
  };
  return { name: `All inbound traffic to ${address}`, filters: [filter], span: cell.span };
}

function policyOf(source: ChartSource, permits: readonly FilterList[], blocks: readonly FilterList[]): Policy {
  const ruleOf = (filterList: FilterList, action: Rule['action']): Rule => {
    return { name: filterList.name, filterList, action, interfaces: undefined, span: filterList.span };
  };
  return {
    ...emptyPolicy(source.name, spanOfFile(source.file)),
    filterLists: new Map([...permits, ...blocks].map((list) => [list.name, list])),
    rules: [...permits.map((list) => ruleOf(list, 'permit')), ...blocks.map((list) => ruleOf(list, 'block'))],
  };
}
