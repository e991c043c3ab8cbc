/**
 * The decisions of a CrowdSec local API: all of them first, then what was added and deleted since the last time it was
 * asked. The API remembers that, so that after a failure everything is asked for again.
 */
import type { Prefix } from '../../base/ip.ts';
import { readPrefix } from '../../formats/address-text.ts';
import type { FeedBan } from '../../host/live-sets/load-feed.ts';
import { BadFeed } from '../../host/live-sets/load-feed.ts';
import { readRegularFile } from '../../host/read-regular-file.ts';
import type { FeedSource } from '../../policy/feed.ts';
import type { FeedLook, FeedReader } from './feed-source.ts';
import { fetchBounded } from './http-answer.ts';

const RETRY_SECONDS = 10;
const MOST_KEY_BYTES = 4096;
const DURATION = /^(?:(?<hours>\d+)h)?(?:(?<minutes>\d+)m)?(?:(?<seconds>\d+(?:\.\d+)?)s)?$/u;

type Fields = Readonly<Record<string, unknown>>;

export class CrowdsecReader implements FeedReader {
  readonly pause: number;
  readonly pauseAfterFailure: number = RETRY_SECONDS;
  readonly #source: Extract<FeedSource, { kind: 'crowdsec' }>;
  #isFirst = true;

  constructor(source: Extract<FeedSource, { kind: 'crowdsec' }>) {
    this.#source = source;
    this.pause = source.seconds;
  }

  async look(_mark: string | null, stop: AbortSignal): Promise<FeedLook> {
    const isWhole = this.#isFirst;
    // Until what comes now is in force.
    this.#isFirst = true;
    const { url } = this.#source;
    const base = url.endsWith('/') ? url : `${url}/`;
    const asked = new URL(`v1/decisions/stream?startup=${isWhole}`, base).href;
    const { bytes } = await fetchBounded(asked, { headers: { 'x-api-key': this.#readKey() }, redirect: 'error' }, stop);
    const { added, removed } = readDecisions(new TextDecoder().decode(bytes));
    return { kind: 'bans', bans: { isWhole, added, removed } };
  }

  /** What the last look found is in force. */
  confirm(): void {
    this.#isFirst = false;
  }

  #readKey(): string {
    const { keyFile } = this.#source;
    const bytes = readRegularFile(keyFile, MOST_KEY_BYTES);
    if (!(bytes instanceof Uint8Array)) throw new BadFeed(`its key ${keyFile} cannot be read: ${bytes.error}`);
    return new TextDecoder().decode(bytes).trim();
  }

  [Symbol.dispose](): void {
    // Nothing is held between two looks.
  }
}

/** Of each prefix the ban that ends last. Throws BadFeed. */
export function readDecisions(text: string): {
  readonly added: readonly FeedBan[];
  readonly removed: readonly Prefix[];
} {
  const answer = parse(text);
  const added = new Map<string, FeedBan>();
  for (const fields of listOf(answer, 'new')) {
    const ban = readBan(fields);
    if (ban === undefined) continue;
    const key = JSON.stringify(ban.prefix);
    if ((added.get(key)?.seconds ?? 0) < ban.seconds) added.set(key, ban);
  }
  return { added: [...added.values()], removed: listOf(answer, 'deleted').flatMap((fields) => prefixOf(fields) ?? []) };
}

function parse(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'new' in value) return value as Fields;
  } catch {
    // Told below.
  }
  throw new BadFeed('its answer is no stream of decisions: is it the local API of CrowdSec?');
}

/** CrowdSec writes null for an empty list. */
function listOf(answer: Fields, key: string): readonly Fields[] {
  const list = answer[key];
  const values: readonly unknown[] = Array.isArray(list) ? list : [];
  return values.filter((value): value is Fields => typeof value === 'object' && value !== null);
}

function readBan(fields: Fields): FeedBan | undefined {
  const { type, duration, scenario } = fields;
  const prefix = prefixOf(fields);
  const groups = DURATION.exec(String(duration))?.groups;
  if (prefix === undefined || String(type).toLowerCase() !== 'ban' || groups === undefined) return undefined;
  const { hours = 0, minutes = 0, seconds = 0 } = groups;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return total > 0 ? { prefix, seconds: total, note: noteOf(scenario) } : undefined;
}

const LONGEST_NOTE = 200;

function noteOf(scenario: unknown): string {
  return typeof scenario === 'string' ? scenario.slice(0, LONGEST_NOTE) : '';
}

/** Of an address or a range; other scopes (countries, sessions) are no addresses. */
function prefixOf({ scope, value }: Fields): Prefix | undefined {
  if (!['ip', 'range'].includes(String(scope).toLowerCase()) || typeof value !== 'string') return undefined;
  const reading = readPrefix(value);
  return reading.kind === 'prefix' ? reading.prefix : undefined;
}
