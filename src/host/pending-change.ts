/**
 * A change that goes back by itself unless it is confirmed: what waits, and how long it has.
 *
 * The kernel holds all of it (engine/pending), the assignment that a confirmation writes included. The store still has
 * what was assigned before, so a reboot brings that back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmRequest } from '../engine/apply.ts';
import { JiffiesClock } from '../engine/jiffies.ts';
import { readPending, setDeadline } from '../engine/pending.ts';
import type { Assignment } from '../store/store.ts';
import type { ChangeDetails } from './change-details.ts';
import { decodeDetails } from './change-details.ts';
import { presentInterfaces } from './interfaces.ts';

export interface PendingChange {
  readonly policy: string;
  readonly version: number;
  /** SHA-256 of its text and set files, hex. */
  readonly hash: string;
  readonly generation: number | null;
  readonly interfaces: readonly string[];
  /** What comes back; null where nothing was in force before. */
  readonly previous: { readonly policy: string; readonly generation: number } | null;
  /** ISO 8601, UTC, by the clock as it is set now. */
  readonly until: string;
  /** 0 from the deadline on: what was in force before decides again. */
  readonly secondsLeft: number;
}

/** A link that is down that long after its driver took a program has another reason to be. */
const LINK_PATIENCE_MS = 30_000;
const LINK_POLL_MS = 100;

export function describePending({ policy, version }: Pick<PendingChange, 'policy' | 'version'>): string {
  return `${policy}, version ${version}`;
}

export function secondsUntil(clock: JiffiesClock, deadline: bigint): number {
  return Math.max(0, Number(deadline - clock.now()) / clock.hertz);
}

/** The change that waits, or has gone back and is not settled yet; undefined where none does. */
export function readPendingChange(): PendingChange | undefined {
  const pending = readPending();
  const details = decodeDetails(pending?.details);
  if (pending === undefined || details === undefined || pending.deadline === 0n) return undefined;
  const { policy, version, hash, interfaces } = details.assignment;
  const { candidate, previous } = pending;
  using clock = new JiffiesClock();
  const secondsLeft = secondsUntil(clock, pending.deadline);
  return {
    policy,
    version,
    hash,
    generation: candidate?.generation ?? null,
    interfaces,
    previous: previous === undefined ? null : { policy: previous.policy, generation: previous.generation },
    until: new Date(1000 * clock.compare()(pending.deadline)).toISOString(),
    secondsLeft,
  };
}

/** The assignment that waits, and what is needed to put it in force anew with the time that it has left. */
export interface WaitingAssignment {
  readonly assignment: Assignment;
  readonly details: ChangeDetails;
  readonly confirm: ConfirmRequest;
}

/** undefined where nothing waits, or no longer. */
export function findWaitingAssignment(): WaitingAssignment | undefined {
  const pending = readPending();
  const details = decodeDetails(pending?.details);
  if (pending === undefined || details === undefined || pending.deadline === 0n) return undefined;
  using clock = new JiffiesClock();
  if (secondsUntil(clock, pending.deadline) === 0) return undefined;
  const { deadline, seconds } = pending;
  return { assignment: details.assignment, details, confirm: { deadline, seconds } };
}

/** For a change that begins to wait now. */
export function beginConfirm(seconds: number): ConfirmRequest {
  using clock = new JiffiesClock();
  return { deadline: deadlineAfter(clock, seconds), seconds };
}

function deadlineAfter(clock: JiffiesClock, seconds: number): bigint {
  return clock.now() + BigInt(Math.ceil(seconds * clock.hertz));
}

/**
 * The time counts from now, and where a driver resets its device to take its first program from when the link is up
 * again. A process that dies meanwhile leaves the deadline that it set last.
 */
export async function restartDeadline(seconds: number, attachedFirst: readonly string[]): Promise<void> {
  using clock = new JiffiesClock();
  const giveUp = performance.now() + LINK_PATIENCE_MS;
  for (;;) {
    setDeadline(deadlineAfter(clock, seconds));
    const devices = await presentInterfaces(attachedFirst);
    if (devices.every(({ running }) => running) || performance.now() > giveUp) return;
    await sleep(LINK_POLL_MS);
  }
}
