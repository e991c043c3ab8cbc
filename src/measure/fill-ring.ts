/** The generator's ring filled with packets that one subject decides, every one of them seen to. */
import { present } from '../base/assert.ts';
import { Random } from '../base/random.ts';
import type { Replayer } from '../engine/replay.ts';
import type { Generator } from './generator.ts';
import type { Stream, Subject } from './subjects.ts';
import { decides } from './subjects.ts';
import type { UnderTest } from './under-test.ts';

/** What packets of one family are run through. */
export interface Kernel {
  readonly generator: Generator;
  readonly underTest: UnderTest;
  /** Runs of the same program that no counter counts. */
  readonly replayer: Replayer;
}

export interface FillLimits {
  /** Packets that are wanted; at most the ring's size. */
  readonly packets: number;
  /** Packets that are traced one by one, which takes some 5 us each, before what was found has to do. */
  readonly traced: number;
  /** The same as long as nothing was found. */
  readonly search: number;
  /** Traced at a time. */
  readonly block: number;
}

const SEED = 42;

/** Returns how many packets from the ring's start on the subject decides: 0 where none was found. */
export function fillRing(kernel: Kernel, subject: Subject, limits: FillLimits): number {
  for (const stream of sortByLikelihood(kernel, subject, limits.block)) {
    kernel.generator.use(stream.template);
    const kept = fillWhole(kernel, subject, stream, limits) || fillTraced(kernel, subject, stream, limits);
    if (kept > 0) return kept;
  }
  return 0;
}

/** By the share that the subject decides of a few packets. */
function sortByLikelihood(kernel: Kernel, subject: Subject, trial: number): readonly Stream[] {
  if (subject.streams.length < 2) return subject.streams;
  const shares = subject.streams.map((stream) => {
    kernel.generator.use(stream.template);
    return {
      stream,
      decided: drawDecided(kernel, subject, stream, { random: new Random(SEED), from: 0, count: trial }),
    };
  });
  return shares.sort((a, b) => b.decided - a.decided).map(({ stream }) => stream);
}

/**
 * All that are wanted at once where the subject decides each of them; else 0. Those that are not traced are counted by
 * the program itself, in one run.
 */
function fillWhole(kernel: Kernel, subject: Subject, stream: Stream, { packets, block }: FillLimits): number {
  const { generator, underTest } = kernel;
  const random = new Random(SEED);
  const traced = Math.min(block, packets);
  if (drawDecided(kernel, subject, stream, { random, from: 0, count: traced }) < traced) return 0;
  if (traced === packets) return packets;
  for (let i = traced; i < packets; i++) generator.put(i, stream.draw(random));
  const before = underTest.counted(subject.slot);
  generator.run(underTest.program, 0, packets);
  return underTest.counted(subject.slot) - before === packets ? packets : 0;
}

function fillTraced(kernel: Kernel, subject: Subject, stream: Stream, limits: FillLimits): number {
  const random = new Random(SEED);
  let kept = 0;
  for (let traced = 0; traced < (kept > 0 ? limits.traced : limits.search); traced += limits.block) {
    const count = Math.min(limits.block, limits.packets - kept);
    if (count === 0) break;
    kept += drawDecided(kernel, subject, stream, { random, from: kept, count });
  }
  return kept;
}

interface Draws {
  readonly random: Random;
  /** Place in the ring. */
  readonly from: number;
  readonly count: number;
}

/** Draws packets and keeps those that the subject decides at the front of their place; returns how many. */
function drawDecided({ generator, replayer }: Kernel, subject: Subject, stream: Stream, draws: Draws): number {
  const { random, from, count } = draws;
  const frames = Array.from({ length: count }, (_, i) => {
    generator.put(from + i, stream.draw(random));
    return generator.frame(from + i);
  });
  let kept = 0;
  for (const [i, decision] of replayer.run(frames).entries()) {
    if (decides(subject, present(decision))) generator.copy(from + kept++, from + i);
  }
  return kept;
}
