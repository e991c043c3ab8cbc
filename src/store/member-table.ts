/** The members of one live set in memory: a million of them, so each is two numbers and not an object. */
import { present } from '../base/assert.ts';
import type { Prefix } from '../base/ip.ts';

export interface Member {
  readonly prefix: Prefix;
  /** Milliseconds of Unix time; 0: it has no end. */
  readonly endsAt: number;
  /** Empty where there is none. */
  readonly note: string;
}

export class MemberTable {
  /** By length and address, as a number with a sign, which takes no object of its own: the end. */
  readonly #v4 = new Map<number, Map<number, number>>();
  readonly #v6 = new Map<string, number>();
  readonly #notes = new Map<string, string>();
  #nextEnd = Number.POSITIVE_INFINITY;

  get size(): number {
    let size = this.#v6.size;
    for (const ends of this.#v4.values()) size += ends.size;
    return size;
  }

  /** No member ends before: milliseconds of Unix time, Infinity where none ends. */
  get nextEnd(): number {
    return this.#nextEnd;
  }

  endOf(prefix: Prefix): number | undefined {
    return prefix.family === 4 ? this.#v4.get(prefix.length)?.get(key4(prefix)) : this.#v6.get(keyOf(prefix));
  }

  noteOf(prefix: Prefix): string {
    return this.#notes.size === 0 ? '' : (this.#notes.get(keyOf(prefix)) ?? '');
  }

  set({ prefix, endsAt, note }: Member): void {
    if (prefix.family === 4) this.#endsOf(prefix.length).set(key4(prefix), endsAt);
    else this.#v6.set(keyOf(prefix), endsAt);
    if (note !== '') this.#notes.set(keyOf(prefix), note);
    else if (this.#notes.size > 0) this.#notes.delete(keyOf(prefix));
    if (endsAt !== 0 && endsAt < this.#nextEnd) this.#nextEnd = endsAt;
  }

  delete(prefix: Prefix): boolean {
    if (this.#notes.size > 0) this.#notes.delete(keyOf(prefix));
    if (prefix.family === 6) return this.#v6.delete(keyOf(prefix));
    return this.#v4.get(prefix.length)?.delete(key4(prefix)) ?? false;
  }

  /** Those that are none of `others`. */
  without(others: Iterable<Prefix>): readonly Prefix[] {
    const wanted = new MemberTable();
    for (const prefix of others) wanted.set({ prefix, endsAt: 0, note: '' });
    const found: Prefix[] = [];
    for (const { prefix } of this.#ends()) if (wanted.endOf(prefix) === undefined) found.push(prefix);
    return found;
  }

  /** IPv4 first. Those that it has given may be deleted meanwhile. */
  *members(): Generator<Member> {
    for (const { prefix, endsAt } of this.#ends()) yield { prefix, endsAt, note: this.noteOf(prefix) };
  }

  /** Those that have not ended. */
  countAt(now: number): number {
    if (this.#nextEnd > now) return this.size;
    let count = 0;
    for (const { endsAt } of this.#ends()) if (endsAt === 0 || endsAt > now) count++;
    return count;
  }

  /** Takes out those that have ended. */
  expire(now: number): readonly Prefix[] {
    if (this.#nextEnd > now) return [];
    const ended: Prefix[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const { prefix, endsAt } of this.#ends()) {
      if (endsAt !== 0 && endsAt <= now) ended.push(prefix);
      else if (endsAt !== 0 && endsAt < next) next = endsAt;
    }
    for (const prefix of ended) this.delete(prefix);
    this.#nextEnd = next;
    return ended;
  }

  #endsOf(length: number): Map<number, number> {
    const known = this.#v4.get(length);
    if (known !== undefined) return known;
    const ends = new Map<number, number>();
    this.#v4.set(length, ends);
    return ends;
  }

  *#ends(): Generator<Omit<Member, 'note'>> {
    for (const [length, ends] of this.#v4) {
      for (const [key, endsAt] of ends) yield { prefix: { family: 4, words: [key >>> 0], length }, endsAt };
    }
    for (const [key, endsAt] of this.#v6) yield { prefix: prefixOf6(key), endsAt };
  }
}

function key4({ words }: Prefix): number {
  return present(words[0]) | 0;
}

function keyOf({ words, length }: Prefix): string {
  return `${words.map((word) => word.toString(16)).join(':')}/${length}`;
}

function prefixOf6(key: string): Prefix {
  const [address = '', length] = key.split('/');
  return { family: 6, words: address.split(':').map((word) => Number.parseInt(word, 16)), length: Number(length) };
}
