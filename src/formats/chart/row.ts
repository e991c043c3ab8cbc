/** What one row of a planning chart says. */

import type { Diagnostics } from '../../base/diagnostics.ts';
import { formatPrefix, fullLength } from '../../base/ip.ts';
import type { AddressMatch, PortRange } from '../../policy/model.ts';
import { ANY_PORT } from '../../policy/model.ts';
import { mergeRanges } from '../../policy/ports.ts';
import { prefixOfReading, readDnsName, readPrefix } from '../address-text.ts';
import type { ProtocolMatch } from '../port-text.ts';
import { parsePortRange, parseProtocol } from '../port-text.ts';
import type { Token } from '../token.ts';
import { partOf } from '../token.ts';
import type { ChartCells } from './columns.ts';

export type Direction = 'in' | 'out';

export interface Flow {
  readonly direction: Direction;
  readonly peers: readonly AddressMatch[];
}

export interface ChartRow {
  readonly cells: ChartCells;
  readonly flows: readonly Flow[];
  /** Of the host: prefixes of full length, or me. */
  readonly locals: readonly AddressMatch[];
  readonly protocols: readonly ProtocolMatch[];
  readonly ports: readonly PortRange[];
}

const DIRECTIONS: ReadonlyMap<string, readonly Direction[]> = new Map([
  ['in', ['in']],
  ['inbound', ['in']],
  ['out', ['out']],
  ['outbound', ['out']],
  ['both', ['in', 'out']],
]);
const EVERY = /^(?:all|any|\*)$/iu;
/** What people put into a cell that has nothing to say. */
const NOTHING = /^(?:all|any|\*|-|–|—|n\/?a)?$/iu;
const ME = /^(?:me|my ip address)$/iu;

/** Reads every cell; undefined where one of them was reported. */
export function readRow(cells: ChartCells, diags: Diagnostics): ChartRow | undefined {
  const mark = diags.all.length;
  const directions = readDirections(cells.direction, diags);
  const row = {
    cells,
    flows: readFlows(directions, cells.peer, diags),
    locals: readLocals(cells.local, diags),
    protocols: readProtocols(cells.protocol, diags),
    ports: readPorts(cells.port, diags),
  };
  return diags.failedSince(mark) ? undefined : row;
}

/** The parts of a cell between separators, without white space around them; a cell of nothing else has one, empty. */
function partsOf(cell: Token, separator: RegExp): Token[] {
  const parts: Token[] = [];
  let start = 0;
  for (const match of [...cell.text.matchAll(separator), { index: cell.text.length, 0: ' ' }]) {
    const raw = cell.text.slice(start, match.index);
    const lead = start + raw.length - raw.trimStart().length;
    parts.push(partOf(cell, lead, lead + raw.trim().length));
    start = match.index + match[0].length;
  }
  const written = parts.filter(({ text }) => text !== '');
  return written.length > 0 ? written : parts.slice(0, 1);
}

function readDirections(cell: Token, diags: Diagnostics): readonly Direction[] {
  const found = new Set<Direction>();
  for (const part of partsOf(cell, /[,;/&+]|\band\b/giu)) {
    const directions = DIRECTIONS.get(part.text.toLowerCase());
    if (directions === undefined) {
      const text = part.text === '' ? 'nothing' : `"${part.text}"`;
      diags.report('XP0807', part.span, `Direction: expected in, out or "in, out", found ${text}`);
    }
    for (const direction of directions ?? []) found.add(direction);
  }
  return [...found];
}

/** One entry a direction, in their order, or one for all of them; with one direction, every entry is its. */
function readFlows(directions: readonly Direction[], cell: Token, diags: Diagnostics): readonly Flow[] {
  const entries = partsOf(cell, /[,;]/gu);
  if (directions.length < 2 || entries.length === 1) {
    const peers = entries.flatMap((entry) => readPeers(entry, diags));
    return directions.map((direction) => ({ direction, peers }));
  }
  if (entries.length !== directions.length) {
    const help = 'several addresses of one direction stand without commas between them';
    const message = `From/to: ${entries.length} entries for ${directions.length} directions`;
    diags.report('XP0809', cell.span, message, help);
    return [];
  }
  return directions.map((direction, i) => {
    const entry = entries[i];
    return { direction, peers: entry === undefined ? [] : readPeers(entry, diags) };
  });
}

function readPeers(entry: Token, diags: Diagnostics): AddressMatch[] {
  return partsOf(entry, /\s+/gu)
    .map((part) => readPeer(part, diags))
    .filter((peer) => peer !== undefined);
}

function readPeer(token: Token, diags: Diagnostics): AddressMatch | undefined {
  const { text, span } = token;
  if (EVERY.test(text)) return { kind: 'any' };
  const reading = readPrefix(text);
  if (reading.kind !== 'other') {
    const prefix = prefixOfReading(reading, token, diags, 'refuse');
    return prefix === undefined ? undefined : { kind: 'prefix', prefix };
  }
  const name = text.includes('.') ? readDnsName(text) : undefined;
  if (name !== undefined) return { kind: 'name', name };
  const found = text === '' ? 'nothing' : `"${text}"`;
  return diags.report('XP0809', span, `From/to: expected all, an address or a prefix, found ${found}`);
}

function readLocals(cell: Token, diags: Diagnostics): readonly AddressMatch[] {
  if (ME.test(cell.text)) return [{ kind: 'me' }];
  return partsOf(cell, /[,;\s]+/gu)
    .map((part) => readLocal(part, diags))
    .filter((local) => local !== undefined);
}

function readLocal(token: Token, diags: Diagnostics): AddressMatch | undefined {
  const { text, span } = token;
  if (ME.test(text)) return { kind: 'me' };
  const reading = readPrefix(text);
  const help = 'write an address of the host, or me for all of them';
  if (reading.kind === 'other') {
    const found = text === '' ? 'nothing' : `"${text}"`;
    return diags.report('XP0810', span, `Interface IP address: expected an address, found ${found}`, help);
  }
  const prefix = prefixOfReading(reading, token, diags, 'refuse');
  if (prefix === undefined) return undefined;
  if (prefix.length === fullLength(prefix.family)) return { kind: 'prefix', prefix };
  return diags.report('XP0810', span, `Interface IP address: ${formatPrefix(prefix)} is more than one address`, help);
}

function readProtocols(cell: Token, diags: Diagnostics): readonly ProtocolMatch[] {
  if (NOTHING.test(cell.text)) return [{ number: undefined }];
  return partsOf(cell, /[,;/&+\s]+|\band\b/giu)
    .map((part) => parseProtocol({ ...part, text: EVERY.test(part.text) ? 'any' : part.text.toLowerCase() }, diags))
    .filter((protocol) => protocol !== undefined);
}

function readPorts(cell: Token, diags: Diagnostics): readonly PortRange[] {
  if (NOTHING.test(cell.text)) return [ANY_PORT];
  const ranges = partsOf(cell, /[,;]/gu).map((part) =>
    parsePortRange({ ...part, text: part.text.replaceAll('–', '-').toLowerCase() }, diags),
  );
  return mergeRanges(ranges.filter((range) => range !== undefined));
}
