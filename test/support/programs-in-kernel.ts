/** What the kernel has of a pair's host, whoever holds it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair } from './namespaces.ts';

export interface ShownProgram {
  readonly name: string;
  readonly map_ids?: readonly number[];
}

/** Programs that count in the counters of the pair's host. Other tests load programs at the same time. */
export function programsOf(pair: NamespacePair): readonly ShownProgram[] {
  const folder = present(pair.env['XDPOL_BPFFS']);
  const pins = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const counters = present(pins.find((name) => name.endsWith('counters-0')));
  const show = (...argv: readonly string[]): unknown => JSON.parse(pair.exec(pair.host, ['bpftool', '-j', ...argv]));
  const { id } = show('map', 'show', 'pinned', join(folder, counters)) as { readonly id: number };
  return (show('prog', 'show') as readonly ShownProgram[]).filter(({ map_ids: ids = [] }) => ids.includes(id));
}
