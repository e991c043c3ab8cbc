/** A list that a server has. It is asked for what is newer than the list that was taken last. */
import { createHash } from 'node:crypto';
import type { FeedSource } from '../../policy/feed.ts';
import type { FeedLook, FeedReader } from './feed-source.ts';
import { fetchBounded } from './http-answer.ts';

/** By which a server knows the list. */
interface Mark {
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
  readonly digest?: string | undefined;
}

const RETRY_SECONDS = 60;

export class UrlReader implements FeedReader {
  readonly pause: number;
  readonly pauseAfterFailure: number = RETRY_SECONDS;
  readonly #url: string;

  constructor({ url, seconds }: Extract<FeedSource, { kind: 'url' }>) {
    this.#url = url;
    this.pause = seconds;
  }

  async look(mark: string | null, stop: AbortSignal): Promise<FeedLook> {
    const { etag, modified, digest } = (mark === null ? {} : JSON.parse(mark)) as Mark;
    const headers = {
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(modified === undefined ? {} : { 'if-modified-since': modified }),
    };
    const { status, headers: found, bytes } = await fetchBounded(this.#url, { headers, redirect: 'follow' }, stop);
    if (status === 304) return { kind: 'same' };
    const next: Mark = {
      etag: found.get('etag') ?? undefined,
      modified: found.get('last-modified') ?? undefined,
      digest: createHash('sha256').update(bytes).digest('base64'),
    };
    return next.digest === digest ? { kind: 'same' } : { kind: 'list', bytes, mark: JSON.stringify(next) };
  }

  [Symbol.dispose](): void {
    // Nothing is held between two looks.
  }
}
