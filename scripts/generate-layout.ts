/**
 * Writes src/layout/layout.gen.ts from the BTF of the built objects: `npm run generate`.
 * With --check it writes nothing and fails where the committed file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Layout } from './layout/btf.ts';
import { renderReader, renderWriter } from './layout/fields.ts';

const OUTPUT = new URL('../src/layout/layout.gen.ts', import.meta.url).pathname;

/** Structures that this program writes field by field, with those inside them; tables are filled word by word. */
const WRITTEN = ['address4_shape', 'address6_shape', 'rule_shape', 'shape', 'list_entry'] as const;
const READ = ['address4_shape', 'address6_shape', 'rule_shape', 'shape', 'trace'] as const;

function objectPath(name: string): string {
  return new URL(`../dist/bpf/${name}.bpf.o`, import.meta.url).pathname;
}

function literal(name: string, doc: string, value: unknown): string {
  const text = JSON.stringify(value, null, 2)
    .replaceAll(/"(\w+)":/gu, '$1:')
    .replaceAll(/\{\s+offset: (\d+),\s+size: (\d+)\s+\}/gu, '{ offset: $1, size: $2 }');
  return `/** ${doc} */\nexport const ${name} = ${text} as const;\n`;
}

/** The filter's own types, then those that only measuring has. */
const filter = new Layout(objectPath('xdpol'));
const measure = new Layout(objectPath('measure'));
const text = [
  '// Generated from the BTF of bpf/*.bpf.c by `npm run generate`: change bpf/layout.h, not this file.\n',
  literal('ENUMS', 'Constants by enum, without their prefix.', { ...measure.enums(), ...filter.enums() }),
  literal('STRUCTS', 'Byte sizes and offsets.', { ...measure.structs(), ...filter.structs() }),
  ...[...new Set([...WRITTEN, ...READ])].map((name) => filter.interfaceOf(name)),
  ...WRITTEN.map((name) => renderWriter(filter, name)),
  ...READ.map((name) => renderReader(filter, name)),
].join('\n');
if (!process.argv.includes('--check')) {
  writeFileSync(OUTPUT, text);
} else if (readFileSync(OUTPUT, 'utf8') !== text) {
  process.stderr.write('src/layout/layout.gen.ts differs from the object: run npm run generate\n');
  process.exitCode = 1;
}
