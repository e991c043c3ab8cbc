/** Functions that write and read a structure field by field, little endian. */
import type { Field, Layout } from './btf.ts';
import { camelCase, typeName } from './btf.ts';

function functionName(verb: string, struct: string): string {
  return `${verb}${typeName(struct).replace(/Fields$/u, '')}`;
}

function accessor(verb: 'get' | 'set', { bits }: Field): string {
  return bits === 64 ? `${verb}BigUint64` : `${verb}Uint${bits}`;
}

export function renderWriter(layout: Layout, struct: string): string {
  const lines = layout.fieldsOf(struct).map((field) => {
    const value = `fields.${camelCase(field.name)}`;
    const at = `at + ${field.offset}`;
    if (field.struct !== undefined) return `  ${functionName('write', field.struct)}(view, ${at}, ${value});\n`;
    const put = accessor('set', field);
    if (field.count === undefined) return `  view.${put}(${at}, ${value}, true);\n`;
    const step = field.bits / 8;
    return `  for (const [i, value] of ${value}.entries()) view.${put}(${at} + ${step} * i, value, true);\n`;
  });
  const head = `export function ${functionName('write', struct)}(view: DataView, at: number, fields: ${typeName(struct)}): void`;
  return `${head} {\n${lines.join('')}}\n`;
}

export function renderReader(layout: Layout, struct: string): string {
  const lines = layout.fieldsOf(struct).map((field) => {
    const at = `at + ${field.offset}`;
    const name = camelCase(field.name);
    if (field.struct !== undefined) return `    ${name}: ${functionName('read', field.struct)}(view, ${at}),\n`;
    const get = accessor('get', field);
    if (field.count === undefined) return `    ${name}: view.${get}(${at}, true),\n`;
    const each = `(_, i) => view.${get}(${at} + ${field.bits / 8} * i, true)`;
    return `    ${name}: Array.from({ length: ${field.count} }, ${each}),\n`;
  });
  const head = `export function ${functionName('read', struct)}(view: DataView, at: number): ${typeName(struct)}`;
  return `${head} {\n  return {\n${lines.join('')}  };\n}\n`;
}
