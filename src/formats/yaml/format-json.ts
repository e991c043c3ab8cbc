/** Documents as JSON for people: what fits on a line stands on one. */
import type { Document } from 'yaml';

const LINE = 120;
const INDENT = '  ';

/** Ends in a line feed. Anchors are written out. */
export function formatJson(document: Document): string {
  const value: unknown = document.toJS({ mapAsMap: true });
  return `${block(value, '', LINE)}\n`;
}

/** One line where it fits into `room` columns, but the outermost value never is. */
function block(value: unknown, indent: string, room: number): string {
  const flat = flow(value);
  const isCollection = value instanceof Map || Array.isArray(value);
  if (!isCollection || (indent !== '' && flat.length <= room)) return flat;
  const inner = indent + INDENT;
  const parts =
    value instanceof Map
      ? [...value].map(([key, item]) => {
          const lead = `${JSON.stringify(String(key))}: `;
          return inner + lead + block(item, inner, LINE - inner.length - lead.length - 1);
        })
      : value.map((item) => inner + block(item, inner, LINE - inner.length - 1));
  const [open, close] = value instanceof Map ? ['{', '}'] : ['[', ']'];
  return parts.length === 0 ? open + close : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function flow(value: unknown): string {
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${JSON.stringify(String(key))}: ${flow(item)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  return JSON.stringify(value) ?? 'null';
}
