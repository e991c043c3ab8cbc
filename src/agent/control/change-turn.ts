/** One change at a time, and each at most once. */
import { createHash } from 'node:crypto';
import { EnvironmentError } from '../../base/environment-error.ts';

/** Outcomes of changes with a key that are kept for whoever asks again. */
const KEPT = 256;
/** Milliseconds that they are kept. */
const KEPT_FOR = 3_600_000;

export interface Turn {
  readonly who: string;
  readonly what: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** Somebody else changes the host at the moment. */
export class TurnTaken extends EnvironmentError {
  readonly holder: Turn;

  constructor(holder: Turn) {
    const { who, what, since } = holder;
    super('XDPOL_E_LOCKED', `another command is changing the policy (${what} by ${who}, since ${since})`, {
      help: 'wait for it to end, then try again',
    });
    this.name = 'TurnTaken';
    this.holder = holder;
  }
}

interface Kept {
  readonly request: string;
  readonly at: number;
  readonly outcome: Promise<unknown>;
}

export class ChangeTurns {
  #holder: Turn | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #kept = new Map<string, Kept>();

  get isTaken(): boolean {
    return this.#holder !== undefined;
  }

  /** Resolves when the change that is running has ended, however it does. */
  async ended(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  /** Throws TurnTaken at once where a change is running. */
  async take<T>(who: string, what: string, change: () => Promise<T>): Promise<T> {
    if (this.#holder !== undefined) throw new TurnTaken(this.#holder);
    this.#holder = { who, what, since: new Date().toISOString() };
    try {
      const running = change();
      this.#last = running;
      return await running;
    } finally {
      this.#holder = undefined;
    }
  }

  /** `change`, or, where the key was used for the same request, what came of it then. A failure is not kept. */
  once<T>(key: string | undefined, request: string, change: () => Promise<T>): Promise<T> {
    if (key === undefined) return change();
    const digest = createHash('sha256').update(request).digest('hex');
    this.#forget();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.request !== digest) {
      throw new EnvironmentError('XDPOL_E_KEY_REUSED', `the idempotency key ${key} was used for another request`, {
        help: 'make a new key for each change',
      });
    }
    if (kept !== undefined) return kept.outcome as Promise<T>;
    const outcome = change();
    this.#kept.set(key, { request: digest, at: Date.now(), outcome });
    outcome.catch(() => this.#kept.delete(key));
    return outcome;
  }

  #forget(): void {
    const oldest = Date.now() - KEPT_FOR;
    for (const [key, { at }] of this.#kept) {
      if (at >= oldest && this.#kept.size < KEPT) break;
      this.#kept.delete(key);
    }
  }
}
