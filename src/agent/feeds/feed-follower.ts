/** Keeps the members of one live set as its feed has them. Whatever is wrong with the source, the last good ones stay. */

import type { HostContext } from '../../host/context.ts';
import type { SetChangeOutcome } from '../../host/live-sets/change-set.ts';
import { BadFeed, loadFeed, readFeedList, takeBans } from '../../host/live-sets/load-feed.ts';
import { feedText } from '../../policy/feed.ts';
import type { DeclaredSet, FeedState } from '../../store/store.ts';
import { feedKey, LockHeld, NO_FEED_STATE } from '../../store/store.ts';
import type { AgentLog } from '../log.ts';
import type { FeedLook, FeedReader } from './feed-source.ts';

/** Of members; fewer may halve by themselves. */
const FEW = 100;
const DOUBT_MS = 60_000;
/** Seconds. */
const LONGEST_PAUSE = 300;
const BUSY_PAUSE = 1;
const SAVE_MS = 60_000;
/** After a restart. */
const SPREAD_MS = 30_000;

export interface FeedClock {
  /** Milliseconds, steadily. */
  now(): number;
  /** From 0 to 1. */
  draw(): number;
}

export const REAL_CLOCK: FeedClock = { now: () => performance.now(), draw: () => Math.random() };

export class FeedFollower implements Disposable {
  readonly #context: HostContext;
  readonly #declared: DeclaredSet;
  readonly #reader: FeedReader;
  readonly #log: AgentLog;
  readonly #clock: FeedClock;
  #state: FeedState;
  #next: number;
  #savedAt = Number.NEGATIVE_INFINITY;
  #failuresInARow = 0;
  /** Of a list that was not taken. */
  #refused: string | undefined;
  /** When a list that lost most of its members was seen first. */
  #doubt: { readonly mark: string; readonly at: number } | undefined;

  /** Owns the reader. */
  constructor(
    context: HostContext,
    declared: DeclaredSet,
    reader: FeedReader,
    log: AgentLog,
    clock: FeedClock = REAL_CLOCK,
  ) {
    this.#context = context;
    this.#declared = declared;
    this.#reader = reader;
    this.#log = log;
    this.#clock = clock;
    const feed = feedKey(declared);
    const before = context.store.feeds.read(declared.name);
    const isSame = before.feed === feed;
    this.#state = isSame ? before : { ...NO_FEED_STATE, feed, failures: before.failures };
    // After a restart of many hosts they do not all ask at once.
    this.#next = clock.now() + (isSame && reader.pause >= LONGEST_PAUSE ? clock.draw() * SPREAD_MS : 0);
  }

  get isDue(): boolean {
    return this.#clock.now() >= this.#next;
  }

  /** The source may have changed. */
  hurry(): void {
    this.#next = Math.min(this.#next, this.#clock.now());
  }

  /** Looks once. Does not fail. */
  async step(stop: AbortSignal): Promise<void> {
    try {
      const look = await this.#reader.look(this.#askedMark(), stop);
      await this.#take(look);
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof LockHeld) this.#pause(BUSY_PAUSE);
      else this.#fail(error);
    }
  }

  /** A list that was not taken is not asked for again; one that is in doubt is after a while. */
  #askedMark(): string | null {
    const isDoubtOver = this.#doubt !== undefined && this.#clock.now() - this.#doubt.at >= DOUBT_MS;
    if (isDoubtOver) this.#refused = undefined;
    return this.#refused ?? this.#state.mark;
  }

  async #take(look: FeedLook): Promise<void> {
    if (look.kind === 'wait') {
      this.#pause(BUSY_PAUSE);
    } else if (look.kind === 'bans') {
      this.#tell(await takeBans(this.#context, this.#declared, look.bans));
      this.#reader.confirm?.();
      this.#succeed(null);
    } else if (look.kind === 'list') {
      await this.#takeList(look);
    } else if (this.#refused === undefined) {
      this.#succeed(this.#state.mark);
    } else {
      this.#pause(this.#reader.pause);
    }
  }

  async #takeList({ bytes, mark }: Extract<FeedLook, { kind: 'list' }>): Promise<void> {
    const { feed, name } = this.#declared;
    if (feed === undefined) return;
    this.#refused = mark;
    const list = readFeedList(feed, bytes);
    const [before, after] = [this.#context.store.liveSets.members(name).size, list.v4.count + list.v6.count];
    if (before >= FEW && after < before / 2 && this.#doubt?.mark !== mark) {
      this.#doubt = { mark, at: this.#clock.now() };
      throw new BadFeed(`it has ${after} entries, and the set ${before} members: it is taken if it is so in a minute`);
    }
    this.#refused = undefined;
    const outcome = await loadFeed(this.#context, this.#declared, list);
    this.#doubt = undefined;
    this.#tell(outcome);
    this.#succeed(mark);
  }

  #tell({ set, added, removed, refused, refusedCount, entries }: SetChangeOutcome): void {
    const from = this.#declared.feed === undefined ? '' : feedText(this.#declared.feed);
    if (added + removed > 0) {
      const text = `${set}: ${added} added, ${removed} removed; ${entries} members, from ${from}`;
      this.#log.info(text, { set, added, removed, entries });
    }
    const [first] = refused;
    if (first === undefined) return;
    const more = refusedCount === 1 ? '' : `, and ${refusedCount - 1} more`;
    this.#log.warning(`${set}: ${first.address} of ${from} is refused: ${first.why}${more}`, { set, refusedCount });
  }

  #succeed(mark: string | null): void {
    const { error } = this.#state;
    const { name: set, feed } = this.#declared;
    if (error !== null && feed !== undefined) this.#log.info(`${set}: ${feedText(feed)} is good again`, { set });
    this.#failuresInARow = 0;
    const isNew = error !== null || mark !== this.#state.mark;
    this.#state = { ...this.#state, mark, goodAt: Date.now(), error: null };
    if (isNew || this.#clock.now() - this.#savedAt >= SAVE_MS) this.#save();
    this.#pause(this.#reader.pause);
  }

  #fail(cause: unknown): void {
    const { name: set, feed } = this.#declared;
    const error = cause instanceof Error ? cause.message : String(cause);
    if (error !== this.#state.error && feed !== undefined) {
      const entries = this.#context.store.liveSets.members(set).size;
      this.#log.warning(`${set}: ${feedText(feed)} is not taken, the ${entries} members stay: ${error}`, {
        set,
        error,
      });
    }
    this.#state = { ...this.#state, error, failures: this.#state.failures + 1 };
    this.#save();
    const pause = this.#reader.pauseAfterFailure * 2 ** Math.min(this.#failuresInARow++, 10);
    this.#pause(Math.min(pause, LONGEST_PAUSE));
  }

  /** The disk may be full: the members are in force all the same. */
  #save(): void {
    this.#savedAt = this.#clock.now();
    try {
      this.#context.store.feeds.write(this.#declared.name, this.#state);
    } catch (error) {
      this.#log.warning(`${this.#declared.name}: its feed state is not kept: ${String(error)}`);
    }
  }

  /** So many seconds; long ones a little more or less, so that hosts do not ask side by side. */
  #pause(seconds: number): void {
    const share = seconds > BUSY_PAUSE ? 0.9 + 0.2 * this.#clock.draw() : 1;
    this.#next = this.#clock.now() + 1000 * seconds * share;
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }
}
