/** Live sets of a policy file: `{ live: true, capacity: 1000000, levels: [32, 24, 64] }`, and those with a feed. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { fullLength } from '../../base/ip.ts';
import type { LiveSet } from '../../policy/live-sets.ts';
import { DEFAULT_CAPACITY, DEFAULT_LEVELS, LEVELS, MOST_CAPACITY, MOST_LIVE_SETS } from '../../policy/live-sets.ts';
import type { AddressMatch, AddressSet } from '../../policy/model.ts';
import { FEED_KEYS, readFeed } from './feed-reader.ts';
import { itemsOf, nodeOf } from './map-reader.ts';
import type { MapNode, SourceNode } from './source-tree.ts';

const KEYS: ReadonlySet<string> = new Set(['live', 'capacity', 'levels', ...FEED_KEYS]);
/** Of a set with a list. A key of neither kind is reported as unknown. */
const LIST_KEYS: ReadonlySet<string> = new Set(['addresses', 'file', 'format', 'column', 'field', 'exclude']);

export function isLive({ entries }: MapNode): boolean {
  return [...KEYS].some((key) => entries.has(key));
}

/** undefined where something is wrong with it, which has been reported. */
export function readLiveSet(map: MapNode, diags: Diagnostics): LiveSet | undefined {
  const hasFeed = FEED_KEYS.some((key) => map.entries.has(key));
  const other = [...map.entries.values()].find(
    ({ key }) => LIST_KEYS.has(key.text) && (!hasFeed || key.text === 'addresses'),
  );
  if (other !== undefined) {
    const help = 'make it two sets, one live and one with the list';
    return diags.report('XP0230', other.key.span, `a live set has no ${other.key.text}`, help);
  }
  const live = nodeOf(map, 'live');
  if (live === undefined && !hasFeed) {
    return diags.report('XP0230', map.span, 'capacity and levels are for live sets', 'add live: true');
  }
  if (live !== undefined && (live.kind !== 'scalar' || live.value !== true)) {
    return diags.report('XP0006', live.span, 'live takes true', 'write live: true, or give the set a list of its own');
  }
  const capacity = readCapacity(nodeOf(map, 'capacity'), diags);
  const levels = readLevels(nodeOf(map, 'levels'), diags);
  if (capacity === undefined || levels === undefined) return undefined;
  if (!hasFeed) return { capacity, levels };
  const feed = readFeed(map, diags);
  return feed === undefined ? undefined : { capacity, levels, feed };
}

function readCapacity(node: SourceNode | undefined, diags: Diagnostics): number | undefined {
  if (node === undefined) return DEFAULT_CAPACITY;
  const capacity = numberIn(node);
  if (capacity === undefined || (capacity >= 1 && capacity <= MOST_CAPACITY)) return capacity;
  const help = `write a number from 1 to ${MOST_CAPACITY}`;
  return diags.report('XP0234', node.span, `a live set cannot hold ${capacity} members`, help);
}

function readLevels(node: SourceNode | undefined, diags: Diagnostics): LiveSet['levels'] | undefined {
  if (node === undefined) return DEFAULT_LEVELS;
  const lengths = new Set<number>([fullLength(4), fullLength(6)]);
  for (const item of itemsOf(node)) {
    const length = numberIn(item);
    if (length === undefined) return undefined;
    const known = LEVELS[length <= fullLength(4) ? 4 : 6];
    if (!known.includes(length)) {
      const help = `write some of ${known.join(', ')}`;
      return diags.report('XP0231', item.span, `${length} cannot be a level of a live set`, help);
    }
    lengths.add(length);
  }
  const longestFirst = [...lengths].sort((a, b) => b - a);
  return {
    4: longestFirst.filter((length) => length <= fullLength(4)),
    6: longestFirst.filter((length) => length > fullLength(4)),
  };
}

function numberIn(node: SourceNode | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
}

/** What the tables of the host hold, whatever each set asks for. */
export function checkLiveSets(sets: Iterable<AddressSet | undefined>, diags: Diagnostics): void {
  const live = [...sets].filter((set) => set?.live !== undefined);
  const further = live[MOST_LIVE_SETS];
  if (further === undefined) return;
  const message = `a policy has at most ${MOST_LIVE_SETS} live sets, found ${live.length}`;
  diags.report('XP0232', further.span, message);
}

/** Does an exclusion meet a live set? Of a list the members and what it leaves out. */
export function liveSetBesideExclusion(
  members: readonly AddressMatch[],
  left: readonly AddressMatch[],
  sets: ReadonlyMap<string, AddressSet | undefined>,
): string | undefined {
  const of = (match: AddressMatch): string | undefined =>
    match.kind === 'set' && sets.get(match.name)?.live !== undefined ? match.name : undefined;
  return [...members, ...left].map(of).find((name) => name !== undefined);
}
