/**
 * Many rules looked at shortly, to find which of them are worth measuring. Starting a test run takes the kernel some 50 ms,
 * so they share one ring, the packets of one rule behind those of another, and one run, which counts the time of each rule's
 * by itself.
 */
import { present } from '../base/assert.ts';
import type { Screening } from './bench-effort.ts';
import type { Reference } from './check-sample.ts';
import { checkSample } from './check-sample.ts';
import type { FillLimits, Kernel } from './fill-ring.ts';
import { fillRing } from './fill-ring.ts';
import { RING_SIZE } from './generator.ts';
import { spreadOf } from './statistics.ts';
import type { Subject } from './subjects.ts';

export interface ScreenedRow {
  readonly subject: Subject;
  /** Nanoseconds a packet more than bare, median of the rounds. */
  readonly overBare: number;
}

/** A rule's packets. */
export interface Found {
  readonly subject: Subject;
  /** As they stand in the ring. */
  readonly tuples: Uint8Array;
  /** The packet around them. */
  readonly template: Uint8Array;
}

/** Packets of one rule. */
const FEW = 512;
const MANY = 1 << 15;
/** At the ring's start, some of every rule's in a group that nobody reads: a run begins with cold caches. */
const WARM_UP: number = RING_SIZE / 16;
/** Draws of a rule that none of its packets is found among. */
const SEARCH = 4096;

/** How many packets of each rule are looked for. */
export function shareOfEach({ packets }: Screening, rules: number): FillLimits {
  const share = Math.min(MANY, Math.max(FEW, Math.floor(packets / rules)));
  return { packets: share, traced: 2 * share, search: SEARCH, block: Math.min(SEARCH, share) };
}

/** Packets that the subject decides, or undefined. A few of them are checked. */
export function findPackets(
  kernel: Kernel,
  subject: Subject,
  reference: Reference,
  limits: FillLimits,
): Found | undefined {
  const count = fillRing(kernel, subject, limits);
  if (count === 0) return undefined;
  checkSample(kernel, subject, reference, 1);
  return { subject, tuples: kernel.generator.tuples(count), template: kernel.generator.template };
}

/** Rules of one family. */
export function timeTogether(kernel: Kernel, all: readonly Found[], rounds: number): readonly ScreenedRow[] {
  return batches(all).flatMap((batch) => timeBatch(kernel, batch, rounds));
}

/** Those with the same packet around their tuples can share a ring. */
function batches(all: readonly Found[]): readonly (readonly Found[])[] {
  const byTemplate = new Map<string, Found[]>();
  for (const found of all) {
    const key = found.template.join();
    const known = byTemplate.get(key);
    if (known === undefined) byTemplate.set(key, [found]);
    else known.push(found);
  }
  return [...byTemplate.values()];
}

function timeBatch({ generator, underTest }: Kernel, batch: readonly Found[], rounds: number): readonly ScreenedRow[] {
  generator.use(present(batch[0]).template);
  for (let i = 0; i < WARM_UP; i++) {
    const { tuples } = present(batch[i % batch.length]);
    generator.place(i, tuples, Math.floor(i / batch.length), batch.length);
  }
  for (let i = WARM_UP; i < RING_SIZE; i++) {
    const group = Math.floor(((i - WARM_UP) * batch.length) / (RING_SIZE - WARM_UP));
    generator.place(i, present(batch[group]).tuples, i, group);
  }
  const bare = generator.baseline('bare');
  const over = batch.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const base = mean(generator.clock(bare, batch.length));
    const times = generator.clock(underTest.program, batch.length);
    for (const [group, time] of times.entries()) over[group]?.push(time - base);
  }
  return batch.map(({ subject }, group) => ({ subject, overBare: spreadOf(present(over[group])).median }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
