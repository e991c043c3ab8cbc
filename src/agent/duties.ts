/** What the agent does again and again beside answering. A failure ends nothing: it is logged once, and tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostContext } from '../host/context.ts';
import { followAddresses } from '../host/follow-addresses.ts';
import type { FollowedName } from '../host/follow-names.ts';
import { NameFollower } from '../host/follow-names.ts';
import { keepInForce } from '../host/keep-in-force.ts';
import { MemberEnds } from '../host/live-sets/member-ends.ts';
import { recordDuty } from '../host/record-changes.ts';
import { rememberAddresses } from '../host/remember-addresses.ts';
import { settleReturned } from '../host/settle-returned.ts';
import { DynamicClaim } from './dynamic-claim.ts';
import type { EvidenceDuty } from './evidence-duty.ts';
import { describeFailure, failureFields } from './failure-text.ts';
import type { AgentLog } from './log.ts';

const POLL_MS = 1000;
/** What cannot be put in force is tried again after a second, two, four and so on; compiling may take long. */
const LONGEST_PAUSE_MS = 60_000;

/** Addresses that no policy asks for may reach the next boot late. */
const REMEMBER_MS = 60_000;

type Step = () => Promise<void>;

/** The action as one that does not fail; a message goes to `log` unless the time before failed with the same. */
export function tellFailuresOnce(log: AgentLog, what: string, action: Step): Step {
  let last = '';
  return async () => {
    try {
      await action();
      last = '';
    } catch (error) {
      const message = describeFailure(error);
      if (message !== last) log.warning(`${what}: ${message}`, failureFields(error));
      last = message;
    }
  };
}

/** Every second until `stop`. */
async function repeat(steps: readonly Step[], { stop: { signal }, isPaused }: Duties): Promise<void> {
  while (!signal.aborted) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    for (const step of steps) if (!signal.aborted && !isPaused()) await step();
  }
}

async function follow(context: HostContext, log: AgentLog): Promise<void> {
  const followed = await followAddresses(context);
  if (followed === undefined) return;
  const { addresses, policy, generation } = followed;
  log.info(`me is now ${addresses.join(', ')}: ${policy} in force, generation ${generation ?? 'none'}`, {
    policy,
    generation,
    addresses,
  });
  await recordDuty(context, 'follow', `me is now ${addresses.join(', ')}`);
}

async function followNames(context: HostContext, log: AgentLog, follower: NameFollower): Promise<void> {
  const followed = await follower.look(context);
  if (followed === undefined) return;
  const { changed, policy, generation } = followed;
  const text = [...changed].map(([name, addresses]) => `${name} is now ${addresses.join(', ')}`).join('; ');
  log.info(`${text}: ${policy} in force, generation ${generation ?? 'none'}`, { policy, generation });
  await recordDuty(context, 'follow', text);
}

/** The action, with pauses that double while it fails. */
export function slowDownOnFailure(action: Step, now: () => number = () => performance.now()): Step {
  let pause = 0;
  let next = 0;
  return async () => {
    if (now() < next) return;
    try {
      await action();
      pause = 0;
    } catch (error) {
      pause = Math.min(LONGEST_PAUSE_MS, Math.max(POLL_MS, 2 * pause));
      next = now() + pause;
      throw error;
    }
  };
}

async function keep(context: HostContext, log: AgentLog): Promise<void> {
  const kept = await keepInForce(context);
  if (kept === undefined) return;
  const { found, policy, generation } = kept;
  const done = generation === null ? [] : [`${policy} is in force again, generation ${generation}`];
  const text = [...found, ...done].join('; ');
  log.info(text, { policy, generation });
  await recordDuty(context, 'keep', text);
}

function keepEnds(context: HostContext, log: AgentLog, ends: MemberEnds): void {
  const count = ends.keep(context);
  if (count !== undefined)
    log.info(`the clock was set, or the host has slept: ends of live sets written anew: ${count}`);
}

/** What nobody confirmed in time is back by itself; here it is logged, and what a command left undone is finished. */
async function settle(context: HostContext, log: AgentLog): Promise<void> {
  const settled = await settleReturned(context);
  if (settled !== undefined) log.info(settled);
}

/** The action once in a while, at first at once. */
function seldom(action: Step, pause: number): Step {
  let next = 0;
  return async () => {
    if (performance.now() < next) return;
    next = performance.now() + pause;
    await action();
  };
}

export interface Duties {
  readonly context: HostContext;
  readonly log: AgentLog;
  readonly stop: AbortController;
  readonly evidence: EvidenceDuty;
  /** Duties ask for the members of live sets. */
  readonly membersAtHand: Promise<void>;
  /** Somebody changes what is in force: duties would look at a half of it, and wait for the lock. */
  readonly isPaused: () => boolean;
}

/** Takes the claim of dynamic rules, does `work`, repeats the duties meanwhile, and gives the claim back. */
export async function runWithDuties(
  duties: Duties,
  work: (names: () => readonly FollowedName[]) => Promise<void>,
): Promise<void> {
  const { context, log, stop, evidence, membersAtHand } = duties;
  const follower = new NameFollower({ log: (line) => log.warning(line) });
  const followNamesSteadily = tellFailuresOnce(
    log,
    'cannot follow the names',
    slowDownOnFailure(() => followNames(context, log, follower)),
  );
  const claim = new DynamicClaim(context, log);
  const keepClaim = tellFailuresOnce(log, 'no dynamic rules can be added', () => claim.take());
  const followSteadily = tellFailuresOnce(log, 'cannot follow the addresses', () => follow(context, log));
  const settleSteadily = tellFailuresOnce(
    log,
    'the last change cannot be settled',
    slowDownOnFailure(() => settle(context, log)),
  );
  const keepSteadily = tellFailuresOnce(
    log,
    'what is assigned cannot be put in force again',
    slowDownOnFailure(() => keep(context, log)),
  );
  const rememberSteadily = tellFailuresOnce(
    log,
    'the addresses of this host are not remembered for the next boot',
    seldom(() => rememberAddresses(context), REMEMBER_MS),
  );
  const ends = new MemberEnds();
  const expireSteadily = tellFailuresOnce(log, 'the ends of members of live sets are not kept', () =>
    Promise.resolve(keepEnds(context, log, ends)),
  );
  const observeSteadily = tellFailuresOnce(log, 'the traffic is not observed for xdpol report', () => evidence.step());
  await keepClaim();
  const steps = [
    expireSteadily,
    settleSteadily,
    keepClaim,
    keepSteadily,
    followSteadily,
    followNamesSteadily,
    rememberSteadily,
  ];
  // A look at the traffic may take long, and keeps no other duty waiting.
  const repeating = membersAtHand.then(() => Promise.all([repeat(steps, duties), repeat([observeSteadily], duties)]));
  try {
    await work(() => follower.names());
  } finally {
    stop.abort();
    await repeating;
    await tellFailuresOnce(log, 'dynamic rules stay in force', () => claim.giveBack())();
  }
}
