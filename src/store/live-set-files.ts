/**
 * The members of live sets, and which sets there are. Members are kept over a change of the policy, a restart and a
 * reboot, with their ends in wall time.
 *
 *   <state>/live-sets/sets.json        the sets of the policies in force, each with its number in the tables
 *                     NAME.members     a line a change, the last one of a prefix counts:
 *                                        +PREFIX END NOTE     END: milliseconds of Unix time, 0 for none
 *                                        -PREFIX
 *                                        =JSON                what was counted so far
 *
 * A change is written at the end of the file without waiting for the disk: a power cut may cost the members of its last
 * seconds, and the file is whole up to its last line. It is written anew when it has many more lines than members.
 */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Prefix } from '../base/ip.ts';
import type { Feed } from '../policy/feed.ts';
import type { DurableFiles } from './durable.ts';
import { isNoFile, readIfThere, statusOf } from './file-system.ts';
import { fieldsOf, jsonBytes, parseJson } from './json-fields.ts';
import type { SetCounts } from './member-lines.ts';
import { bytesOf, MemberReader, NO_COUNTS, putLine, removedLine } from './member-lines.ts';
import type { Member } from './member-table.ts';
import { MemberTable } from './member-table.ts';
import { withStoreErrors } from './with-store-errors.ts';

export type { SetCounts } from './member-lines.ts';
export type { Member } from './member-table.ts';
export { MemberTable } from './member-table.ts';

/** A set that a policy in force declares. */
export interface DeclaredSet {
  readonly name: string;
  /** In the tables; stays while the set is declared. */
  readonly number: number;
  readonly capacity: number;
  readonly levels4: readonly number[];
  readonly levels6: readonly number[];
  /** A rule that blocks asks for it: some addresses must not become members. */
  readonly blocks: boolean;
  readonly feed?: Feed | undefined;
  /** Of the policy that declared it last. */
  readonly hash?: string | undefined;
}

export interface MemberChange {
  readonly put: readonly Member[];
  readonly removed: readonly Prefix[];
  readonly counts: SetCounts;
}

/** What is known of a set's file. */
interface Loaded {
  readonly table: MemberTable;
  counts: SetCounts;
  /** Of the file that this is; undefined where there is none. */
  stamp: string | undefined;
  /** Infinity where the file has to be written anew. */
  lines: number;
  /** A sentence; undefined where the file is whole. */
  damage: string | undefined;
  /** The disk did not take the last change. */
  isUnwritten: boolean;
}

/** Lines that are read without a pause. */
const AT_A_TIME = 5000;

/** Lines more than twice the members, from which on the file is written anew. */
const SPARE_LINES = 4096;

/** By path: an agent opens the store for every request, and a million members are not read each time. */
const loaded = new Map<string, Loaded>();

export class LiveSetFiles {
  readonly #directory: string;
  readonly #durable: DurableFiles;
  readonly #report: (line: string) => void;

  constructor(directory: string, durable: DurableFiles, report: (line: string) => void) {
    this.#directory = join(directory, 'live-sets');
    this.#durable = durable;
    this.#report = report;
  }

  /** In the order of their numbers. What is damaged is reported, and taken for none. */
  declared(): readonly DeclaredSet[] {
    const path = join(this.#directory, 'sets.json');
    const text = withStoreErrors(this.#directory, () => readIfThere(path));
    if (text === undefined) return [];
    const sets = decodeSets(text);
    if (sets === undefined) this.#report(`${path} is damaged: the next apply writes it anew`);
    return sets ?? [];
  }

  /**
   * The caller holds the store's lock. What is declared as it was is not written: a boot works where the disk takes
   * nothing.
   */
  declare(sets: readonly DeclaredSet[]): void {
    withStoreErrors(this.#directory, () => {
      const path = join(this.#directory, 'sets.json');
      const content = jsonBytes({ sets });
      if (readIfThere(path) === new TextDecoder().decode(content)) return;
      this.#durable.makeSubfolder(this.#directory);
      this.#durable.write(path, content);
    });
  }

  /**
   * Reads the members of every set so that others are answered meanwhile: they are at hand then. Who asks for them before
   * reads them himself, and where a file is written meanwhile whoever asks next does.
   */
  async readAhead(): Promise<void> {
    for (const { name } of this.declared()) await this.#readAhead(name);
  }

  /** The members as they were written, those that have ended too. */
  members(name: string): MemberTable {
    return this.#load(name).table;
  }

  /** What is wrong with the file, a sentence. */
  damageOf(name: string): string | undefined {
    return this.#load(name).damage;
  }

  counts(name: string): SetCounts {
    return this.#load(name).counts;
  }

  /** The caller holds the store's lock. Where the disk does not take the change, this process goes by it all the same. */
  change(name: string, { put, removed, counts }: MemberChange): void {
    const known = this.#load(name);
    for (const prefix of removed) known.table.delete(prefix);
    for (const member of put) known.table.set(member);
    known.counts = counts;
    const lines = removed.length + put.length + 1;
    const isLong = known.lines + lines > 2 * known.table.size + SPARE_LINES;
    const path = this.#path(name);
    const isWhole = known.stamp === undefined || known.isUnwritten || isLong || isNoFile(path);
    known.isUnwritten = true;
    withStoreErrors(this.#directory, () => {
      if (isWhole) {
        this.#durable.makeSubfolder(this.#directory);
        this.#durable.write(path, bytesOf([...known.table.members()].map(putLine), counts));
        known.lines = known.table.size + 1;
        known.damage = undefined;
      } else {
        this.#durable.append(path, bytesOf([...removed.map(removedLine), ...put.map(putLine)], counts), false);
        known.lines += lines;
      }
      known.stamp = stampOf(path);
      known.isUnwritten = false;
    });
  }

  async #readAhead(name: string): Promise<void> {
    const path = this.#path(name);
    const stamp = stampOf(path);
    const before = loaded.get(path);
    if (stamp === undefined || before?.stamp === stamp || before?.isUnwritten === true) return;
    const reader = this.#open(path);
    while (reader.read(AT_A_TIME)) await setImmediate();
    if (loaded.get(path) === before && stampOf(path) === stamp) loaded.set(path, this.#finish(reader, stamp));
  }

  /** Another process may have written the file since. */
  #load(name: string): Loaded {
    const path = this.#path(name);
    const stamp = withStoreErrors(this.#directory, () => stampOf(path));
    const known = loaded.get(path);
    if (known !== undefined && (known.stamp === stamp || known.isUnwritten)) return known;
    const fresh = stamp === undefined ? empty() : this.#read(path, stamp);
    loaded.set(path, fresh);
    return fresh;
  }

  #read(path: string, stamp: string): Loaded {
    const reader = this.#open(path);
    reader.read();
    return this.#finish(reader, stamp);
  }

  #open(path: string): MemberReader {
    return new MemberReader(path, withStoreErrors(this.#directory, () => readIfThere(path, 'latin1')) ?? '');
  }

  #finish({ table, counts, lines, damage }: MemberReader, stamp: string): Loaded {
    if (damage !== undefined) this.#report(damage);
    return { table, counts, stamp, lines, damage, isUnwritten: false };
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.members`);
  }
}

function empty(): Loaded {
  const table = new MemberTable();
  return { table, counts: NO_COUNTS, stamp: undefined, lines: 0, damage: undefined, isUnwritten: false };
}

/** Changes with every write. */
function stampOf(path: string): string | undefined {
  const status = statusOf(path);
  return status === undefined ? undefined : `${status.ino} ${status.size} ${status.mtimeNs}`;
}

function decodeSets(text: string): readonly DeclaredSet[] | undefined {
  const { sets } = fieldsOf<{ readonly sets: unknown }>(parseJson(text));
  if (!Array.isArray(sets)) return undefined;
  const read = sets.map((one: unknown) => decodeSet(one));
  return read.includes(undefined) ? undefined : (read as readonly DeclaredSet[]);
}

function decodeSet(value: unknown): DeclaredSet | undefined {
  const { name, number, capacity, levels4, levels6, blocks, feed, hash } = fieldsOf<DeclaredSet>(value);
  const isName = typeof name === 'string' && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/u.test(name);
  if (!isName || typeof number !== 'number' || typeof capacity !== 'number' || typeof blocks !== 'boolean')
    return undefined;
  if (!isNumbers(levels4) || !isNumbers(levels6)) return undefined;
  return {
    name,
    number,
    capacity,
    levels4,
    levels6,
    blocks,
    ...(isFeed(feed) ? { feed } : {}),
    ...(typeof hash === 'string' ? { hash } : {}),
  };
}

function isFeed(value: unknown): value is Feed {
  const { source, list, exclude } = fieldsOf<Feed>(value);
  const { kind } = fieldsOf<Feed['source']>(source);
  return typeof kind === 'string' && typeof list === 'object' && list !== null && Array.isArray(exclude);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}
