/** One change of a live set: the tables of the kernel member by member, then the file. */
import type { Prefix } from '../../base/ip.ts';
import { formatPrefix } from '../../base/ip.ts';
import type { LiveSets } from '../../engine/live/live-sets.ts';
import type { LiveSet } from '../../policy/live-sets.ts';
import { blocksOf, LEVELS, levelFor, MOST_BLOCKS } from '../../policy/live-sets.ts';
import type { DeclaredSet, Member, MemberTable, SetCounts } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { jiffiesOfEnds, kernelMember, nameInKernel } from './kernel-members.ts';
import type { NeverBanned, ProtectedAs } from './never-banned.ts';
import { findNeverBanned, whyNeverBanned } from './never-banned.ts';

export type RefusedAs = ProtectedAs | 'full' | 'length' | 'wide';

export interface RefusedMember {
  readonly address: string;
  readonly reason: RefusedAs;
  /** A sentence. */
  readonly why: string;
}

export interface SetChangeOutcome {
  readonly set: string;
  readonly added: number;
  /** They were there, and have another end or note now. */
  readonly changed: number;
  /** They were there as they are. */
  readonly unchanged: number;
  readonly removed: number;
  /** The first of them. */
  readonly refused: readonly RefusedMember[];
  readonly refusedCount: number;
  /** Afterwards. */
  readonly entries: number;
  readonly capacity: number;
  /** No policy in force looks at the set: the members count when one does. */
  readonly isWaiting: boolean;
}

/** How a member is added. */
export interface Adding {
  /** Until it ends. */
  readonly seconds?: number | undefined;
  readonly note?: string | undefined;
  /** A member that is there gets this end, also where it is sooner. */
  readonly replace?: boolean | undefined;
  /** A prefix whose length is no level is taken as its parts of the next longer level, each a member of its own. */
  readonly split?: boolean | undefined;
}

const MOST_REFUSED_SHOWN = 100;

/** Whoever makes one holds the store's lock until it has finished. The kernel's tables are lent. */
export class SetWork {
  readonly #declared: DeclaredSet;
  readonly #levels: LiveSet['levels'];
  readonly #kernel: LiveSets;
  readonly #never: readonly NeverBanned[];
  readonly #context: HostContext;
  readonly #table: MemberTable;
  readonly #counts: SetCounts;
  readonly #jiffiesOf: (endsAt: number) => bigint | undefined;
  /** One that is there twice counts as it is the last time. */
  readonly #put: Member[] = [];
  readonly #removed: Prefix[] = [];
  readonly #refused: RefusedMember[] = [];
  readonly #refusedBy = new Map<string, number>();
  readonly #now = Date.now();
  #refusedCount = 0;
  #added = 0;
  #changed = 0;
  #unchanged = 0;
  #expired = 0;

  /** Throws where the policy in force would not see a change: see LiveSets.requireSeen. */
  constructor(context: HostContext, declared: DeclaredSet, kernel: LiveSets, never: readonly NeverBanned[]) {
    kernel.requireSeen();
    this.#context = context;
    this.#declared = declared;
    this.#levels = { 4: declared.levels4, 6: declared.levels6 };
    this.#kernel = kernel;
    this.#never = never;
    this.#table = context.store.liveSets.members(declared.name);
    this.#counts = context.store.liveSets.counts(declared.name);
    this.#jiffiesOf = jiffiesOfEnds();
    this.#expired = this.#table.expire(this.#now).length;
  }

  add(prefixes: Iterable<Prefix>, adding: Adding): void {
    for (const member of this.#acceptable(prefixes, adding)) this.#addMember(member, adding);
  }

  /** A prefix whose length is no level can only mean its parts. */
  remove(prefixes: Iterable<Prefix>): void {
    for (const prefix of prefixes) {
      for (const part of blocksOf(prefix, this.#levels) ?? []) {
        if (this.#table.endOf(part) !== undefined || this.#isInKernel(part)) this.#takeOut(part);
      }
    }
  }

  clear(): void {
    for (const { prefix } of this.#table.members()) this.#takeOut(prefix);
    for (const prefix of this.#unlisted()) this.#takeOut(prefix);
  }

  /** The set has these members afterwards, and no others. What goes goes first: a full set takes what it leaves. */
  load(prefixes: Iterable<Prefix>, adding: Adding): void {
    const wanted = [...this.#acceptable(prefixes, adding)];
    this.keep(wanted);
    for (const prefix of wanted) this.#addMember(prefix, adding);
  }

  /** Takes out every other member. */
  keep(wanted: readonly Prefix[]): void {
    if (this.#table.size > 0) for (const prefix of this.#table.without(wanted)) this.#takeOut(prefix);
    const unlisted = this.#unlisted();
    if (unlisted.length === 0) return;
    const kept = new Set(wanted.map(formatPrefix));
    for (const prefix of unlisted) if (!kept.has(formatPrefix(prefix))) this.#takeOut(prefix);
  }

  finish(): SetChangeOutcome {
    const { adds, expired, refused } = this.#counts;
    const more = [...this.#refusedBy].map(([reason, count]) => [reason, (refused[reason] ?? 0) + count] as const);
    const counts: SetCounts = {
      adds: adds + this.#added,
      expired: expired + this.#expired,
      refused: { ...refused, ...Object.fromEntries(more) },
    };
    const { name, capacity } = this.#declared;
    if (this.#put.length + this.#removed.length + this.#refusedCount + this.#expired > 0) {
      this.#context.store.liveSets.change(name, { put: this.#put, removed: this.#removed, counts });
    }
    return {
      set: name,
      added: this.#added,
      changed: this.#changed,
      unchanged: this.#unchanged,
      removed: this.#removed.length,
      refused: this.#refused,
      refusedCount: this.#refusedCount,
      entries: this.#table.size,
      capacity,
      isWaiting: this.#kernel.ids.length === 0,
    };
  }

  /** Those that may become members; the others are refused. */
  *#acceptable(prefixes: Iterable<Prefix>, { split = false }: Adding): Generator<Prefix> {
    for (const prefix of prefixes) {
      const never = findNeverBanned(prefix, this.#never);
      const level = levelFor(prefix, this.#levels);
      if (never !== undefined) {
        this.#refuse(prefix, never.reason, whyNeverBanned(never));
      } else if (level === prefix.length) {
        yield prefix;
      } else if (!split) {
        this.#refuse(prefix, 'length', this.#whyNoLevel(prefix, level));
      } else {
        const parts = blocksOf(prefix, this.#levels);
        if (parts === undefined) this.#refuse(prefix, 'wide', `it is more than ${MOST_BLOCKS} members of /${level}`);
        else yield* parts;
      }
    }
  }

  #whyNoLevel({ family, length }: Prefix, level: number): string {
    const levels = this.#levels[family].map((one) => `/${one}`).join(', ');
    const declare = LEVELS[family].includes(length) ? `add ${length} to its levels in the policy, or ` : '';
    const how = this.#declared.feed === undefined ? '--split' : 'split: true in the policy';
    return `members of the set have the lengths ${levels}; ${declare}have it split into members of /${level} (${how})`;
  }

  #addMember(prefix: Prefix, { seconds, note, replace = false }: Adding): void {
    const before = this.#table.endOf(prefix);
    const asked = seconds === undefined ? 0 : this.#now + Math.ceil(seconds * 1000);
    const isLater = before !== undefined && before !== 0 && (asked === 0 || asked > before);
    const endsAt = before === undefined || replace || isLater ? asked : before;
    const noteBefore = this.#table.noteOf(prefix);
    const member = { prefix, endsAt, note: note ?? noteBefore };
    if (before === endsAt && member.note === noteBefore) {
      this.#unchanged++;
      return;
    }
    if (before === undefined && this.#table.size >= this.#declared.capacity) {
      this.#refuse(prefix, 'full', `the set has ${this.#declared.capacity} members, and room for no more`);
      return;
    }
    const inKernel = kernelMember(this.#declared.number, member, this.#jiffiesOf);
    if (this.#kernel.add(inKernel, { replace: true }) === 'full') {
      this.#refuse(prefix, 'full', 'the tables of the kernel have no room for it');
      return;
    }
    this.#table.set(member);
    this.#put.push(member);
    if (before === undefined) this.#added++;
    else this.#changed++;
  }

  #isInKernel(prefix: Prefix): boolean {
    return this.#kernel.has(nameInKernel(this.#declared.number, prefix));
  }

  /** Members of the kernel that the file has not: of a change that was cut off, of a full disk, of a file that was damaged. */
  #unlisted(): readonly Prefix[] {
    const unlisted: Prefix[] = [];
    for (const { set, family, words, length } of this.#kernel.members()) {
      const prefix = { family, words, length };
      const isUnlisted = set === this.#declared.number && this.#table.endOf(prefix) === undefined;
      if (isUnlisted && this.#isInKernel(prefix)) unlisted.push(prefix);
    }
    return unlisted;
  }

  #takeOut(prefix: Prefix): void {
    this.#kernel.remove(nameInKernel(this.#declared.number, prefix));
    this.#table.delete(prefix);
    this.#removed.push(prefix);
  }

  #refuse(prefix: Prefix, reason: RefusedAs, why: string): void {
    this.#refusedCount++;
    this.#refusedBy.set(reason, (this.#refusedBy.get(reason) ?? 0) + 1);
    if (this.#refused.length < MOST_REFUSED_SHOWN) this.#refused.push({ address: formatPrefix(prefix), reason, why });
  }
}
