/**
 * One DNS name that is followed: when to ask again, the last good answer, how old it is. Pure: the caller has the clock and
 * the resolver.
 */

/** The answer of a resolver. */
export interface NameAnswer {
  /** As text, sorted, each once, at least one. */
  readonly addresses: readonly string[];
  /** Seconds that the answer holds; undefined where the resolver does not say. */
  readonly ttl: number | undefined;
}

/** What was known before. */
export interface KnownName {
  readonly addresses: readonly string[];
  /** Seconds; undefined where no answer ever came. */
  readonly age: number | undefined;
  readonly failures: number;
}

/** Seconds between two questions: never less, whatever the answer says, and never more. */
const SHORTEST = 30;
const LONGEST = 3600;
/** Where no time to live is known. */
const USUAL = 300;
/** After the first failure; doubled with each further one, up to the usual interval. */
const RETRY = 5;
/** Each interval is shorter by up to this share, so that hosts do not ask all at once. */
const JITTER = 0.1;

export class NameWatch {
  readonly name: string;
  /** Failures ever. */
  failures: number;
  #addresses: readonly string[];
  /** Seconds, by the caller's clock; undefined where no answer came yet. */
  #answeredAt: number | undefined;
  #failedInRow = 0;
  #due = Number.NEGATIVE_INFINITY;

  constructor(name: string, { addresses, age, failures }: KnownName, now: number) {
    this.name = name;
    this.failures = failures;
    this.#addresses = addresses;
    this.#answeredAt = age === undefined ? undefined : now - age;
  }

  /** The last good answer; empty where there never was one. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Seconds since the last good answer; undefined where there never was one. */
  age(now: number): number | undefined {
    return this.#answeredAt === undefined ? undefined : Math.max(0, now - this.#answeredAt);
  }

  isDue(now: number): boolean {
    return now >= this.#due;
  }

  /** `random` is 0 to 1. */
  answered({ addresses, ttl }: NameAnswer, now: number, random: number): void {
    this.#addresses = addresses;
    this.#answeredAt = now;
    this.#failedInRow = 0;
    const interval = Math.min(LONGEST, Math.max(SHORTEST, ttl ?? USUAL));
    this.#due = now + interval * (1 - JITTER * random);
  }

  /** The last good answer stays. */
  failed(now: number, random: number): void {
    this.failures++;
    const interval = Math.min(USUAL, RETRY * 2 ** this.#failedInRow++);
    this.#due = now + interval * (1 - JITTER * random);
  }
}
