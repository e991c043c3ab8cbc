/** Who follows an embedded store. Each is told in the order of revisions, also where telling makes further changes. */
import type { Change, Follower, Listed } from '../fleet-store.ts';

/** Changes that are remembered for those who come back. */
const REMEMBERED = 10_000;

/** Whether a key begins with one of the prefixes. */
export function isUnder(key: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}

interface Following {
  readonly prefixes: readonly string[];
  readonly follower: Follower;
}

interface NewFollowing extends Following {
  readonly since: number | undefined;
  readonly state: () => Listed;
  /** Of the store now. */
  readonly revision: number;
}

export class Followers {
  readonly #followings = new Set<Following>();
  readonly #queue: (() => void)[] = [];
  #recent: Change[] = [];
  /** Everything after this revision is in #recent; undefined before the first change. */
  #rememberedFrom: number | undefined;
  #running: Promise<void> | undefined;

  add({ prefixes, follower, since, state, revision }: NewFollowing): Disposable {
    const following = { prefixes, follower };
    const isRemembered = since !== undefined && since <= revision && since >= (this.#rememberedFrom ?? revision);
    if (isRemembered) {
      const missed = this.#recent.filter((change) => change.revision > since && isUnder(change.key, prefixes));
      if (missed.length > 0) this.#later(following, () => follower.changes(missed));
    } else {
      const listed = state();
      this.#later(following, () => follower.state(listed));
    }
    this.#followings.add(following);
    return { [Symbol.dispose]: () => this.#followings.delete(following) };
  }

  tell(changes: readonly Change[]): void {
    this.#rememberedFrom ??= (changes[0]?.revision ?? 1) - 1;
    this.#recent.push(...changes);
    if (this.#recent.length > 2 * REMEMBERED) {
      this.#recent = this.#recent.slice(-REMEMBERED);
      // Of the oldest revision a part may be cut off.
      this.#rememberedFrom = this.#recent[0]?.revision;
    }
    for (const following of this.#followings) {
      const own = changes.filter(({ key }) => isUnder(key, following.prefixes));
      if (own.length > 0) this.#later(following, () => following.follower.changes(own));
    }
  }

  async end(): Promise<void> {
    this.#followings.clear();
    await this.#running;
  }

  #later(following: Following, call: () => void): void {
    this.#queue.push(() => {
      if (this.#followings.has(following)) call();
    });
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  #run(): void {
    try {
      for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) call();
    } finally {
      this.#running = undefined;
    }
  }
}
