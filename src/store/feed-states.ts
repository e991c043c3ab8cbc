/**
 * What is known of the feeds of live sets: <state>/live-sets/NAME.feed.json. The members themselves are the last good
 * list, and stay in force whatever becomes of the source.
 */
import { join } from 'node:path';
import type { DurableFiles } from './durable.ts';
import { readIfThere } from './file-system.ts';
import { fieldsOf, jsonBytes, parseJson } from './json-fields.ts';
import type { DeclaredSet } from './live-set-files.ts';
import { withStoreErrors } from './with-store-errors.ts';

export interface FeedState {
  /** Of which feed this is (`feedKey`): another one begins anew. */
  readonly feed: string;
  /** By what the source is asked for something newer. */
  readonly mark: string | null;
  /** When the members were last what the source has: milliseconds of Unix time. */
  readonly goodAt: number | null;
  /** Why they may not be that now. */
  readonly error: string | null;
  /** Since the store began. */
  readonly failures: number;
}

export const NO_FEED_STATE: FeedState = { feed: '', mark: null, goodAt: null, error: null, failures: 0 };

/** A set that takes other members of the same source is another feed. */
export function feedKey({ feed, capacity, levels4, levels6 }: DeclaredSet): string {
  return JSON.stringify({ feed, capacity, levels4, levels6 });
}

export class FeedStates {
  readonly #directory: string;
  readonly #durable: DurableFiles;

  constructor(directory: string, durable: DurableFiles) {
    this.#directory = join(directory, 'live-sets');
    this.#durable = durable;
  }

  /** What is damaged is taken for nothing: the feed is read again. */
  read(set: string): FeedState {
    const text = withStoreErrors(this.#directory, () => readIfThere(this.#path(set)));
    const { feed, mark, goodAt, error, failures } = fieldsOf<FeedState>(text === undefined ? {} : parseJson(text));
    if (typeof feed !== 'string' || typeof failures !== 'number') return NO_FEED_STATE;
    return {
      feed,
      mark: typeof mark === 'string' ? mark : null,
      goodAt: typeof goodAt === 'number' ? goodAt : null,
      error: typeof error === 'string' ? error : null,
      failures,
    };
  }

  /** One agent a host writes it, so there is no lock. */
  write(set: string, state: FeedState): void {
    withStoreErrors(this.#directory, () => {
      this.#durable.makeSubfolder(this.#directory);
      this.#durable.write(this.#path(set), jsonBytes(state));
    });
  }

  #path(set: string): string {
    return join(this.#directory, `${set}.feed.json`);
  }
}
