/** What the BTF of one object says of the types whose names begin with `xdpol_`. */
import { execFileSync } from 'node:child_process';

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly { readonly name: string; readonly type_id: number; readonly bits_offset: number }[];
  readonly values?: readonly { readonly name: string; readonly val: number | bigint }[];
}

/** A field of a structure: `bits` of each of its elements where it is a number, `struct` where it is a structure. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly count: number | undefined;
  readonly struct: string | undefined;
  readonly bits: number;
}

const PREFIX = 'xdpol_';

/** Constants that need more digits than a number holds are negative ones, which bpftool prints with 64 bits. */
function readTypes(object: string): readonly BtfType[] {
  const json = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { encoding: 'utf8' });
  const exact = json.replaceAll(/"val":(\d+)/gu, (_, digits: string) => `"val":${BigInt.asUintN(32, BigInt(digits))}`);
  return (JSON.parse(exact) as { types: BtfType[] }).types;
}

/** `XDPOL_SLOT_NON_IP` in `xdpol_slot` -> `NON_IP`; a constant that lacks the enum's prefix keeps the rest of its name. */
function shortName(enumName: string, constant: string): string {
  const prefix = `${enumName.toUpperCase()}_`;
  return constant.startsWith(prefix) ? constant.slice(prefix.length) : constant.replace(/^XDPOL_/u, '');
}

export function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

export function typeName(struct: string): string {
  const name = camelCase(struct);
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Fields`;
}

export class Layout {
  readonly #types: readonly BtfType[];

  constructor(object: string) {
    this.#types = readTypes(object);
  }

  enums(): Record<string, Record<string, unknown>> {
    const named = this.#types.filter((t) => t.kind === 'ENUM' && t.name.startsWith(PREFIX));
    return Object.fromEntries(
      named.map((t) => [
        t.name.slice(PREFIX.length),
        Object.fromEntries((t.values ?? []).map((v) => [shortName(t.name, v.name), v.val])),
      ]),
    );
  }

  structs(): Record<string, unknown> {
    const named = this.#types.filter((t) => t.kind === 'STRUCT' && /^xdpol_(?!types)/u.test(t.name));
    return Object.fromEntries(
      named.map((t) => {
        const fields = this.#fields(t, 0).map(({ name, offset, size }) => [name, { offset, size }] as const);
        return [t.name.slice(PREFIX.length), { size: t.size, fields: Object.fromEntries(fields) }];
      }),
    );
  }

  fieldsOf(struct: string): readonly Field[] {
    const type = this.#types.find((t) => t.kind === 'STRUCT' && t.name === PREFIX + struct);
    if (type === undefined) throw new Error(`struct ${PREFIX}${struct} is not in the BTF`);
    return this.#fields(type, 0);
  }

  interfaceOf(struct: string): string {
    const lines = this.fieldsOf(struct).map((field) => `  readonly ${camelCase(field.name)}: ${fieldType(field)};\n`);
    return `/** struct ${PREFIX}${struct} */\nexport interface ${typeName(struct)} {\n${lines.join('')}}\n`;
  }

  /** The members of a union without a name are fields of the structure around it. */
  #fields({ members = [] }: BtfType, base: number): readonly Field[] {
    return members.flatMap(({ name, type_id, bits_offset }) => {
      const type = this.#resolve(type_id);
      const offset = base + bits_offset / 8;
      if (type.kind === 'UNION') return this.#fields(type, offset);
      const element = type.kind === 'ARRAY' ? this.#resolve(type.type_id ?? 0) : type;
      return [
        {
          name,
          offset,
          size: this.#size(type_id),
          count: type.kind === 'ARRAY' ? type.nr_elems : undefined,
          struct: element.kind === 'STRUCT' ? element.name.slice(PREFIX.length) : undefined,
          bits: 8 * this.#size(element.id),
        },
      ];
    });
  }

  #type(id: number): BtfType {
    const type = this.#types.find((t) => t.id === id);
    if (type === undefined) throw new Error(`BTF type ${id} is missing`);
    return type;
  }

  /** Without the names that a type was given besides. */
  #resolve(id: number): BtfType {
    const type = this.#type(id);
    return ['TYPEDEF', 'CONST', 'VOLATILE'].includes(type.kind) ? this.#resolve(type.type_id ?? 0) : type;
  }

  #size(id: number): number {
    const type = this.#type(id);
    if (type.kind === 'ARRAY') return (type.nr_elems ?? 0) * this.#size(type.type_id ?? 0);
    return type.size ?? this.#size(type.type_id ?? 0);
  }
}

function fieldType({ struct, bits, count }: Field): string {
  const one = struct === undefined ? (bits === 64 ? 'bigint' : 'number') : typeName(struct);
  return count === undefined ? one : `readonly ${one}[]`;
}
