/** Where a live set has its members from: `url:` with `every:`, `file:` with `watch: true`, or `crowdsec:`. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { parseDuration } from '../../base/duration.ts';
import type { Feed, FeedSource } from '../../policy/feed.ts';
import { nodeOf, textNode } from './map-reader.ts';
import type { MapNode, SourceNode } from './source-tree.ts';

export const FEED_KEYS: readonly string[] = ['url', 'every', 'watch', 'crowdsec', 'split'];

/** Seconds: unless given, and the fewest. */
const EVERY = { url: { usual: 3600, least: 60 }, crowdsec: { usual: 10, least: 1 } } as const;
const MOST_SECONDS = 30 * 86_400;

/** undefined where something is wrong with it, which has been reported. */
export function readFeed(map: MapNode, diags: Diagnostics): Feed | undefined {
  const mark = diags.all.length;
  const source = readSource(map, diags);
  const format = textNode(nodeOf(map, 'format'))?.token.text;
  const column = nodeOf(map, 'column');
  const exclude = nodeOf(map, 'exclude');
  const field = textNode(nodeOf(map, 'field'))?.token.text;
  if (source === undefined || diags.failedSince(mark)) return undefined;
  return {
    source,
    list: {
      ...(format === undefined ? {} : { format }),
      ...(column?.kind === 'scalar' && typeof column.value === 'number' ? { column: column.value } : {}),
      ...(field === undefined ? {} : { field }),
    },
    exclude: (exclude?.kind === 'list' ? exclude.items : [exclude]).flatMap((item) => textNode(item)?.token.text ?? []),
    split: isTrue(nodeOf(map, 'split')),
  };
}

function readSource(map: MapNode, diags: Diagnostics): FeedSource | undefined {
  const given = ['url', 'file', 'crowdsec'].filter((key) => map.entries.has(key));
  const [kind, second] = given;
  if (kind === undefined || second !== undefined) {
    const found = kind === undefined ? 'none of them' : `both ${kind} and ${second}`;
    const help = 'make it a set for each source';
    return diags.report('XP0235', map.span, `a feed has url, crowdsec, or file with watch, found ${found}`, help);
  }
  if (kind === 'file') return readFileSource(map, diags);
  if (isTrue(nodeOf(map, 'watch'))) {
    return diags.report('XP0235', map.span, `watch is for file, and not for ${kind}`, 'write every: 1h');
  }
  return kind === 'url' ? readUrlSource(map, diags) : readCrowdsecSource(map, diags);
}

function readFileSource(map: MapNode, diags: Diagnostics): FeedSource | undefined {
  const path = readPath(nodeOf(map, 'file'), diags);
  if (!isTrue(nodeOf(map, 'watch'))) {
    return diags.report('XP0235', map.span, 'a file that is a feed has watch: true', 'add watch: true');
  }
  const every = map.entries.get('every');
  if (every !== undefined) {
    return diags.report('XP0235', every.key.span, 'a watched file is read when it changes', 'take every away');
  }
  return path === undefined ? undefined : { kind: 'file', path };
}

function readUrlSource(map: MapNode, diags: Diagnostics): FeedSource | undefined {
  const url = readUrl(nodeOf(map, 'url'), diags);
  const seconds = readEvery(map, EVERY.url, diags);
  return url === undefined || seconds === undefined ? undefined : { kind: 'url', url, seconds };
}

function readCrowdsecSource(map: MapNode, diags: Diagnostics): FeedSource | undefined {
  const node = nodeOf(map, 'crowdsec');
  if (node?.kind !== 'map') return undefined;
  const url = readUrl(nodeOf(node, 'url'), diags);
  const keyFile = readPath(nodeOf(node, 'keyFile'), diags);
  const seconds = readEvery(map, EVERY.crowdsec, diags);
  if (url === undefined || keyFile === undefined || seconds === undefined) return undefined;
  return { kind: 'crowdsec', url, keyFile, seconds };
}

/** Of this host, and not of whoever applies the policy: the agent reads it. */
function readPath(node: SourceNode | undefined, diags: Diagnostics): string | undefined {
  const token = textNode(node)?.token;
  if (token === undefined || token.text.startsWith('/')) return token?.text;
  const help = 'the agent of the host reads it later: write the whole path, from /';
  return diags.report('XP0235', token.span, `"${token.text}" is no absolute path`, help);
}

function readUrl(node: SourceNode | undefined, diags: Diagnostics): string | undefined {
  const token = textNode(node)?.token;
  if (token === undefined) return undefined;
  const url = URL.canParse(token.text) ? new URL(token.text) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (isWeb && url.username === '' && url.password === '') return token.text;
  const help = 'write one like https://lists.example/drop.txt, without a user name';
  return diags.report('XP0235', token.span, `"${token.text}" is no URL that a list can be fetched from`, help);
}

function readEvery(
  map: MapNode,
  { usual, least }: { readonly usual: number; readonly least: number },
  diags: Diagnostics,
): number | undefined {
  const node = nodeOf(map, 'every');
  if (node === undefined) return usual;
  const token = textNode(node)?.token;
  if (token === undefined) return undefined;
  const seconds = parseDuration(token.text);
  if (seconds !== undefined && seconds >= least && seconds <= MOST_SECONDS) return seconds;
  const help = `write a time from ${least}s to 30d, such as 10m or 1h`;
  return diags.report('XP0235', token.span, `a feed cannot be fetched every "${token.text}"`, help);
}

function isTrue(node: SourceNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}
