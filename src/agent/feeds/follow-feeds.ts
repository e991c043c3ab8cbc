/** Follows the feeds of all live sets that policies in force declare, each by itself: a slow server keeps no other up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostContext } from '../../host/context.ts';
import { openContext } from '../../host/context.ts';
import { feedsInUse } from '../../host/live-sets/feeds-in-use.ts';
import type { Feed } from '../../policy/feed.ts';
import type { DeclaredSet } from '../../store/store.ts';
import { tellFailuresOnce } from '../duties.ts';
import type { AgentLog } from '../log.ts';
import { CrowdsecReader } from './crowdsec-reader.ts';
import { FeedFollower } from './feed-follower.ts';
import type { FeedReader } from './feed-source.ts';
import { FileReader } from './file-reader.ts';
import { UrlReader } from './url-reader.ts';

const POLL_MS = 1000;

interface Followed {
  /** The declaration as JSON: with another one the follower is another one. */
  readonly key: string;
  readonly follower: FeedFollower;
  running: Promise<void> | undefined;
}

function readerOf({ source }: Feed, onChange: () => void): FeedReader {
  switch (source.kind) {
    case 'file':
      return new FileReader(source, onChange);
    case 'url':
      return new UrlReader(source);
    case 'crowdsec':
      return new CrowdsecReader(source);
  }
}

export class FeedFollowers {
  readonly #context: HostContext;
  readonly #log: AgentLog;
  readonly #stop: AbortSignal;
  readonly #all = new Map<string, Followed>();
  #wake: () => void = () => undefined;

  readonly #step: () => Promise<void>;

  constructor(log: AgentLog, stop: AbortSignal) {
    this.#context = openContext(
      (event) => {
        if (event.kind === 'warning') log.warning(event.text);
      },
      undefined,
      { asker: { who: 'xdpol agent', uid: null, via: 'agent' }, patience: 0 },
    );
    this.#log = log;
    this.#stop = stop;
    this.#step = tellFailuresOnce(log, 'feeds of live sets cannot be followed', () => Promise.resolve(this.#stepAll()));
  }

  /** Until it is stopped. */
  async run(): Promise<void> {
    while (!this.#stop.aborted) {
      await this.#step();
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, sleep(POLL_MS, undefined, { signal: this.#stop }).catch(() => undefined)]);
    }
    for (const { running } of this.#all.values()) await running;
    for (const name of [...this.#all.keys()]) this.#drop(name);
  }

  #stepAll(): void {
    const declared = feedsInUse(this.#context.store);
    const names = new Set(declared.map(({ name }) => name));
    for (const name of [...this.#all.keys()]) if (!names.has(name)) this.#drop(name);
    for (const one of declared) this.#follow(one);
    for (const one of this.#all.values()) {
      if (one.running !== undefined || !one.follower.isDue) continue;
      one.running = one.follower.step(this.#stop).finally(() => {
        one.running = undefined;
      });
    }
  }

  #follow(declared: DeclaredSet): void {
    const { name, feed } = declared;
    const key = JSON.stringify(declared);
    if (feed === undefined || this.#all.get(name)?.key === key) return;
    this.#drop(name);
    const reader = readerOf(feed, () => {
      this.#all.get(name)?.follower.hurry();
      this.#wake();
    });
    const follower = new FeedFollower(this.#context, declared, reader, this.#log);
    this.#all.set(name, { key, follower, running: undefined });
  }

  #drop(name: string): void {
    this.#all.get(name)?.follower[Symbol.dispose]();
    this.#all.delete(name);
  }
}
