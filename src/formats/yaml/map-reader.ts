/** Typed access to the nodes of a file whose structure has been checked: what has the wrong type is passed over in silence. */
import type { MapNode, ScalarNode, SourceNode } from './source-tree.ts';

export function nodeOf(map: MapNode, key: string): SourceNode | undefined {
  return map.entries.get(key)?.value;
}

export function textNode(node: SourceNode | undefined): ScalarNode | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node : undefined;
}

export function itemsOf(node: SourceNode | undefined): readonly SourceNode[] {
  return node?.kind === 'list' ? node.items : [];
}

export function entriesOf(node: SourceNode | undefined): MapNode['entries'] {
  return node?.kind === 'map' ? node.entries : new Map();
}

/** Whole numbers and text: what a port or a protocol is written as. */
export function wordNode(node: SourceNode | undefined): ScalarNode | undefined {
  if (node?.kind !== 'scalar') return undefined;
  return typeof node.value === 'string' || Number.isInteger(node.value) ? node : undefined;
}

/** A node on one line, as `{ source: any, destinationPort: [22, 80] }`. */
export function flowText(node: SourceNode): string {
  if (node.kind === 'scalar') return node.token.text.replaceAll(/\s+/gu, ' ');
  if (node.kind === 'list') return `[${node.items.map(flowText).join(', ')}]`;
  const entries = [...node.entries.values()].map(({ key, value }) => `${key.text}: ${flowText(value)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
