/** What a program is loaded with where its policy has live sets: the tables, and struct xdpol_live_shape. */
import type { BpfMap } from 'libbpf-ts-bindings';
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import type { LiveSetClasses } from '../../compiler/live-classes.ts';
import { liveLevel } from '../../compiler/live-classes.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { LiveTables } from './live-tables.ts';

const { live_shape: SHAPE, live_table_shape: TABLE } = STRUCTS;
const { LIVE_SOURCE, LIVE_DESTINATION } = ENUMS.live_ends;
const { LEVELS, SETS } = ENUMS.live;
const CLASS_BYTES = 4;

/** The numbers that sets have in the tables of this network namespace, by name: 0 to 15. */
export type LiveNumbers = ReadonlyMap<string, number>;

export interface LiveProgram {
  /** By the names that the object has for them. */
  readonly maps: Readonly<Record<string, BpfMap>>;
  /** struct xdpol_live_shape. */
  readonly shape: Uint8Array;
}

/** The tables are lent. */
export function liveProgram(
  sets: readonly LiveSetClasses[],
  numbers: LiveNumbers,
  { maps, byFamily }: LiveTables,
): LiveProgram {
  const shape = new Uint8Array(SHAPE.size);
  const view = new DataView(shape.buffer);
  for (const family of [4, 6] as const) {
    const classes = writeClasses(view, family, sets, numbers);
    const { filterShift, bucketsAt, buckets, bytes } = byFamily[family].geometry;
    const values = { ...classes, filter_shift: filterShift, buckets_at: bucketsAt, buckets, bytes };
    const at = SHAPE.fields[`live${family}`].offset;
    for (const [name, { offset }] of Object.entries(TABLE.fields)) {
      view.setUint32(at + offset, values[name as keyof typeof values], true);
    }
  }
  return { maps: { '.data.live4': maps[4], '.data.live6': maps[6] }, shape };
}

/** Returns what filters ask for; `only_set` is the number of a set, or SETS where it is not one. */
function writeClasses(
  view: DataView,
  family: Family,
  sets: readonly LiveSetClasses[],
  numbers: LiveNumbers,
): { readonly levels: number; readonly ends: number; readonly only_set: number } {
  let [levels, ends] = [0, 0];
  const asked = new Set<number>();
  for (const set of sets) {
    const number = present(numbers.get(set.name), `number of live set ${set.name}`);
    if (number >= SETS) throw new Error(`bug: live set ${set.name} has number ${number}`);
    for (const [end, field, bit] of [
      [set[`source${family}`], SHAPE.fields[`src${family}_classes`], LIVE_SOURCE],
      [set[`destination${family}`], SHAPE.fields[`dst${family}_classes`], LIVE_DESTINATION],
    ] as const) {
      for (const [i, addressClass] of end.entries()) {
        const level = present(liveLevel(family, present(set[`levels${family}`][i])));
        view.setUint32(field.offset + CLASS_BYTES * (number * LEVELS + level), addressClass, true);
        levels |= 1 << level;
        ends |= bit;
        asked.add(number);
      }
    }
  }
  const [first = SETS] = asked;
  return { levels, ends, only_set: asked.size === 1 ? first : SETS };
}
