/**
 * Writes src/layout/layout.gen.ts from the BTF of the built object: `npm run generate`.
 * With --check it writes nothing and fails where the committed file differs.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const OBJECT = new URL('../dist/bpf/xdpol.bpf.o', import.meta.url).pathname;
const OUTPUT = new URL('../src/layout/layout.gen.ts', import.meta.url).pathname;

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly { readonly name: string; readonly type_id: number; readonly bits_offset: number }[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

function readTypes(object: string): readonly BtfType[] {
  const json = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { encoding: 'utf8' });
  return (JSON.parse(json) as { types: BtfType[] }).types;
}

/** `XDPOL_SLOT_NON_IP` in `xdpol_slot` -> `NON_IP`; a constant that lacks the enum's prefix keeps the rest of its name. */
function shortName(enumName: string, constant: string): string {
  const prefix = `${enumName.toUpperCase()}_`;
  return constant.startsWith(prefix) ? constant.slice(prefix.length) : constant.replace(/^XDPOL_/u, '');
}

class Layout {
  readonly #types: readonly BtfType[];

  constructor(types: readonly BtfType[]) {
    this.#types = types;
  }

  #type(id: number): BtfType {
    const type = this.#types.find((t) => t.id === id);
    if (type === undefined) throw new Error(`BTF type ${id} is missing`);
    return type;
  }

  #size(id: number): number {
    const type = this.#type(id);
    if (type.kind === 'ARRAY') return (type.nr_elems ?? 0) * this.#size(type.type_id ?? 0);
    return type.size ?? this.#size(type.type_id ?? 0);
  }

  enums(): Record<string, Record<string, number>> {
    const named = this.#types.filter((t) => t.kind === 'ENUM' && t.name.startsWith('xdpol_'));
    return Object.fromEntries(
      named.map((t) => [
        t.name.replace('xdpol_', ''),
        Object.fromEntries((t.values ?? []).map((v) => [shortName(t.name, v.name), v.val])),
      ]),
    );
  }

  structs(): Record<string, unknown> {
    const named = this.#types.filter((t) => t.kind === 'STRUCT' && /^xdpol_(?!types)/u.test(t.name));
    return Object.fromEntries(
      named.map((t) => {
        const fields = (t.members ?? []).map(
          (m) => [m.name, { offset: m.bits_offset / 8, size: this.#size(m.type_id) }] as const,
        );
        return [t.name.replace('xdpol_', ''), { size: t.size, fields: Object.fromEntries(fields) }];
      }),
    );
  }
}

function render(layout: Layout): string {
  const literal = (name: string, doc: string, value: unknown): string =>
    `/** ${doc} */\nexport const ${name} = ${JSON.stringify(value, null, 2).replaceAll(/"(\w+)":/gu, '$1:')} as const;\n`;
  return [
    '// Generated from the BTF of bpf/xdpol.bpf.c by `npm run generate`: change bpf/layout.h, not this file.\n',
    literal('ENUMS', 'Constants by enum, without their prefix.', layout.enums()),
    literal('STRUCTS', 'Byte sizes and offsets.', layout.structs()),
  ].join('\n');
}

const text = render(new Layout(readTypes(OBJECT)));
if (!process.argv.includes('--check')) {
  writeFileSync(OUTPUT, text);
} else if (readFileSync(OUTPUT, 'utf8') !== text) {
  process.stderr.write('src/layout/layout.gen.ts differs from the object: run npm run generate\n');
  process.exitCode = 1;
}
