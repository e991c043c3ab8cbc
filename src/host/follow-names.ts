/**
 * DNS names follow their answers while the agent runs: names of the policy in force, and those in protected traffic, which a
 * closed boot needs. Questions are asked beside everything else; what came back is looked at by the next look.
 */

import type { Generation } from '../engine/generation.ts';
import type { KnownHost } from '../store/store.ts';
import { askName } from './ask-name.ts';
import type { HostContext } from './context.ts';
import { readAnswers, reasonOf } from './host-addresses.ts';
import { findIntendedInForce } from './intended-in-force.ts';
import { ageOf, isWorthWriting, keepKnownHost, readKnownHost, withAnswers } from './last-known.ts';
import type { NameAnswer } from './name-watch.ts';
import { NameWatch } from './name-watch.ts';
import { protectedNames } from './protected-names.ts';
import { restoreNow } from './restore-now.ts';

/** Questions at a time: each holds one of the few threads that the process has for such work. */
const AT_ONCE = 2;

export interface FollowedNames {
  /** Names that stand for other addresses than before, with those. */
  readonly changed: ReadonlyMap<string, readonly string[]>;
  readonly policy: string;
  readonly generation: number | null;
}

/** One name, for metrics. */
export interface FollowedName {
  readonly name: string;
  /** Seconds since the last answer; undefined where there never was one. */
  readonly age: number | undefined;
  readonly failures: number;
}

export interface NameFollowerOptions {
  /** Takes a line about a name that has no answer any more, or has one again. */
  readonly log: (line: string) => void;
  readonly ask?: (name: string) => Promise<NameAnswer>;
  /** Seconds, of a clock that nobody sets. */
  readonly now?: () => number;
}

export class NameFollower {
  readonly #watches = new Map<string, NameWatch>();
  readonly #asking = new Set<string>();
  readonly #silent = new Set<string>();
  readonly #log: (line: string) => void;
  readonly #ask: (name: string) => Promise<NameAnswer>;
  readonly #now: () => number;
  /** Answers that no look has dealt with; an apply meanwhile has asked for itself. */
  readonly #fresh = new Map<string, readonly string[]>();

  constructor({ log, ask = askName, now = () => performance.now() / 1000 }: NameFollowerOptions) {
    this.#log = log;
    this.#ask = ask;
    this.#now = now;
  }

  names(): readonly FollowedName[] {
    const now = this.#now();
    return [...this.#watches.values()].map((watch) => {
      return { name: watch.name, age: watch.age(now), failures: watch.failures };
    });
  }

  /** undefined where no name of the policy in force stands for other addresses than it was compiled with. */
  async look(context: HostContext): Promise<FollowedNames | undefined> {
    const { store } = context;
    const inForce = findIntendedInForce(store)?.inForce;
    this.#watch(context, [...Object.keys(inForce?.names ?? {}), ...protectedNames()]);
    this.#askDue();
    if (this.#changed(inForce?.names).size === 0 && !this.#isWorthWriting(context)) {
      this.#fresh.clear();
      return undefined;
    }
    // What is known is all that is written, so a disk that takes no lock file must not keep an old answer in force.
    using _lock = store.lockIfPossible();
    const known = readKnownHost(store);
    keepKnownHost(context, known, this.#knownNow(known));
    const changed = this.#changed(findIntendedInForce(store)?.inForce.names);
    if (changed.size === 0) {
      this.#fresh.clear();
      return undefined;
    }
    const { policy, generation } = await restoreNow(context);
    for (const [name, addresses] of changed) if (this.#fresh.get(name) === addresses) this.#fresh.delete(name);
    return { changed, policy, generation };
  }

  #watch(context: HostContext, names: readonly string[]): void {
    const wanted = new Set(names);
    for (const name of this.#watches.keys()) if (!wanted.has(name)) this.#watches.delete(name);
    const added = [...wanted].filter((name) => !this.#watches.has(name));
    if (added.length === 0) return;
    const known = readKnownHost(context.store);
    for (const name of added) {
      const last = known.names.get(name);
      const age = last === undefined ? undefined : ageOf(last, new Date());
      const before = { addresses: last?.addresses ?? [], age, failures: known.failures.get(name) ?? 0 };
      this.#watches.set(name, new NameWatch(name, before, this.#now()));
    }
  }

  #askDue(): void {
    for (const [name, watch] of this.#watches) {
      if (this.#asking.size >= AT_ONCE) return;
      if (this.#asking.has(name) || !watch.isDue(this.#now())) continue;
      this.#asking.add(name);
      void this.#askOne(watch).finally(() => this.#asking.delete(name));
    }
  }

  async #askOne(watch: NameWatch): Promise<void> {
    const { name } = watch;
    try {
      watch.answered(await this.#ask(name), this.#now(), Math.random());
      this.#fresh.set(name, watch.addresses);
      if (this.#silent.delete(name)) this.#log(`${name} has an answer again`);
    } catch (error) {
      watch.failed(this.#now(), Math.random());
      if (!this.#silent.has(name)) this.#log(`${name} has no answer (${reasonOf(error)}): ${whatStays(watch)}`);
      this.#silent.add(name);
    }
  }

  #changed(inForce: Generation['names'] = {}): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.#fresh].filter(([name, addresses]) => {
        const before = inForce[name];
        return before !== undefined && before.join() !== addresses.join();
      }),
    );
  }

  #isWorthWriting({ store }: HostContext): boolean {
    const known = readKnownHost(store);
    return isWorthWriting(known, this.#knownNow(known));
  }

  #knownNow(before: KnownHost): KnownHost {
    const kept = new Set([...before.names.keys(), ...this.#watches.keys()]);
    const answers = new Map([...this.#fresh].map(([name, texts]) => [name, readAnswers(texts)]));
    const failures = new Map(before.failures);
    for (const watch of this.#watches.values()) if (watch.failures > 0) failures.set(watch.name, watch.failures);
    return { ...withAnswers(before, answers, kept, new Date()), failures };
  }
}

function whatStays({ addresses }: NameWatch): string {
  return addresses.length === 0 ? 'filters with it match nothing' : `its last one stays: ${addresses.join(', ')}`;
}
