/**
 * A loadable policy as one file, and back. Little endian, like the tables:
 *
 *   magic           8 bytes, with the format's number
 *   header length   u32
 *   header          JSON: names, constants, probes, and the length of every table
 *   ranks           u32 for each rank: its rule
 *   tables          in the order of the header
 *
 * Who keeps the file checks that it is unchanged; `deserialize` only sees to it that lengths agree.
 */
import { present } from '../base/assert.ts';
import type { TableName } from './compile.ts';
import { TABLE_NAMES } from './compile.ts';
import type { LiveSetClasses } from './live-classes.ts';
import type { LoadablePolicy, PolicyOutline } from './loadable.ts';
import type { Probe } from './probes.ts';

const MAGIC = new TextEncoder().encode('XDPOLC07');
const HEADER_AT = MAGIC.length + 4;
const WORD = 4;

interface Header {
  readonly policy: PolicyOutline;
  readonly shape: string;
  readonly broadcasts: string;
  readonly probes: readonly (Omit<Probe, 'frame'> & { readonly frame: string })[];
  readonly ranks: number;
  readonly tables: readonly (readonly [TableName, number])[];
  readonly live: readonly LiveSetClasses[];
}

function headerOf({ policy, shape, broadcasts, probes, ranked, tables, live = [] }: LoadablePolicy): Header {
  return {
    policy: {
      name: policy.name,
      default: policy.default,
      rules: policy.rules.map(({ name, action, filterList }) => ({
        name,
        action,
        filterList: { name: filterList.name, filters: { length: filterList.filters.length } },
      })),
    },
    shape: hexOf(shape),
    broadcasts: hexOf(broadcasts),
    probes: probes.map((probe) => ({ ...probe, frame: hexOf(probe.frame) })),
    ranks: ranked.length,
    tables: [...tables].map(([name, bytes]) => [name, bytes.length]),
    live,
  };
}

export function serialize(policy: LoadablePolicy): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify(headerOf(policy)));
  const ranksAt = HEADER_AT + header.length;
  const tablesAt = ranksAt + WORD * policy.ranked.length;
  const total = [...policy.tables.values()].reduce((sum, bytes) => sum + bytes.length, tablesAt);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(MAGIC.length, header.length, true);
  file.set(header, HEADER_AT);
  for (const [rank, { ruleIndex }] of policy.ranked.entries()) view.setUint32(ranksAt + WORD * rank, ruleIndex, true);
  let at = tablesAt;
  for (const bytes of policy.tables.values()) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** The tables are views of `file`. undefined where it is of another format or cut short. */
export function deserialize(file: Uint8Array): LoadablePolicy | undefined {
  if (file.length < HEADER_AT || MAGIC.some((byte, i) => file[i] !== byte)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const ranksAt = HEADER_AT + view.getUint32(MAGIC.length, true);
  if (file.length < ranksAt) return undefined;
  const header = JSON.parse(new TextDecoder().decode(file.subarray(HEADER_AT, ranksAt))) as Header;
  const tablesAt = ranksAt + WORD * header.ranks;
  const total = header.tables.reduce((sum, [, length]) => sum + length, tablesAt);
  if (total !== file.length) return undefined;
  const tables = new Map<TableName, Uint8Array>();
  let at = tablesAt;
  for (const [name, length] of header.tables) {
    tables.set(name, file.subarray(at, at + length));
    at += length;
  }
  if (TABLE_NAMES.some((name) => name !== 'rank_slots' && !tables.has(name))) return undefined;
  const ranked = Array.from({ length: header.ranks }, (_, rank) => ({
    ruleIndex: view.getUint32(ranksAt + WORD * rank, true),
  }));
  return {
    policy: header.policy,
    shape: bytesOfHex(header.shape),
    broadcasts: bytesOfHex(header.broadcasts),
    ranked,
    tables,
    live: header.live,
    probes: header.probes.map((probe) => ({ ...probe, frame: bytesOfHex(probe.frame) })),
  };
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(present(text.match(/../gu)), (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
