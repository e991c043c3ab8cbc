/** What this host does about its orders: the policy, the bans, and changes that somebody made here meanwhile. */
import { encodeError } from '../../api/wire-error.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import { VERSION } from '../../base/version.ts';
import type { FleetState } from '../../exporter/fleet-metrics.ts';
import type { Order } from '../../fleet/order.ts';
import type { StatusError, StatusReport } from '../../fleet/records.ts';
import type { HostConfig } from '../../host/config.ts';
import type { HostContext, Report } from '../../host/context.ts';
import { openContext } from '../../host/context.ts';
import type { OrderedBan } from '../../host/live-sets/hold-bans.ts';
import { holdBans } from '../../host/live-sets/hold-bans.ts';
import { readPendingChange } from '../../host/pending-change.ts';
import { recordDuty } from '../../host/record-changes.ts';
import type { Assignment, CarriedOrder } from '../../store/store.ts';
import type { ChangeTurns } from '../control/change-turn.ts';
import { describeFailure, failureFields } from '../failure-text.ts';
import type { AgentLog } from '../log.ts';
import type { OperationsFor } from '../operations-beside.ts';
import { pauseAfter, spreadOf } from './backoff.ts';
import type { FrontAsks } from './carry-out.ts';
import { fetchPolicy, isBrought, isFinal, putOrderInForce } from './carry-out.ts';
import { NewDrops } from './new-drops.ts';
import type { OrderBook, TakenOrder } from './order-book.ts';

export interface OrdersOptions {
  readonly book: OrderBook;
  readonly fleet: HostConfig['fleet'];
  readonly turns: ChangeTurns;
  readonly operations: OperationsFor;
  readonly log: AgentLog;
}

/** Seconds that an order waits for another command that changes the host. */
const LOCK_PATIENCE = 30;

export class OrdersInForce {
  readonly #book: OrderBook;
  readonly #fleet: HostConfig['fleet'];
  readonly #turns: ChangeTurns;
  readonly #operations: OperationsFor;
  readonly #log: AgentLog;
  readonly #report: Report;
  #isBusy = false;
  /** What counts may have changed since it was looked at last. */
  #isWanted = false;
  #isDrifted = false;
  #error: StatusError | null = null;
  #bansError: StatusError | null = null;
  #keepingError: StatusError | null = null;
  /** Digests of the bans, and of the policy that they are held in. */
  #heldBans = '';
  #bans: StatusReport['bans'] = null;
  #failures = 0;
  #nextTry = 0;
  /** When this host carries out an order that many have: drawn once for each order. */
  #turn: { readonly digest: string; readonly at: number } | undefined;
  #isCarryingOut = false;
  readonly #newDrops = new NewDrops();

  constructor({ book, fleet, turns, operations, log }: OrdersOptions) {
    this.#book = book;
    this.#fleet = fleet;
    this.#turns = turns;
    this.#operations = operations;
    this.#log = log;
    this.#report = (event) => {
      if (event.kind === 'warning') log.warning(event.text);
    };
    const { failed, effective } = book;
    if (failed !== null && failed.digest === effective?.digest) {
      this.#error = { seq: effective.order.seq, code: failed.code, message: failed.message };
    }
  }

  /** Carries out what counts and is not in force. What fails is reported, logged, and tried again later. */
  async settle(fronts: FrontAsks): Promise<void> {
    this.#isWanted = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      // What comes meanwhile is looked at in another round.
      while (this.#isWanted) {
        this.#isWanted = false;
        this.#nextTry = 0;
        await this.#settlePolicy(fronts);
        await this.#settleBans();
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Is it time for what failed, or for what was to wait its turn? Has something come while the host was looked at? */
  get isDue(): boolean {
    return this.#isWanted || (this.#nextTry > 0 && performance.now() >= this.#nextTry);
  }

  /** Does an order wait its turn, or is it carried out now? What becomes of it is known soon. */
  get isUnderWay(): boolean {
    const { digest, at } = this.#turn ?? { digest: '', at: 0 };
    return this.#isCarryingOut || (digest === this.#book.effective?.digest && performance.now() < at);
  }

  /** Was something changed on this host that was ordered? Reported, and where the configuration wants it undone. */
  async look(): Promise<void> {
    await this.#lookAtDrops();
    const { carried } = this.#book;
    if (this.#isBusy || carried === null || readPendingChange() !== undefined) return;
    this.#isBusy = true;
    try {
      const context = this.#contextFor(`order ${carried.seq} for ${carried.target}`);
      const assigned = readAssigned(context);
      const isDrifted = assigned === 'unknown' || !isAsOrdered(carried, assigned);
      const isFound = isDrifted && !this.#isDrifted;
      if (this.#isDrifted && !isDrifted) this.#error = null;
      this.#isDrifted = isDrifted;
      if (isFound) await this.#tellDrift(context, carried, assigned);
      if (isDrifted && (this.#fleet.drift === 'undo' || assigned === 'unknown')) await this.#undo(context, carried);
    } catch (error) {
      this.#fail(null, error, 'what the fleet ordered cannot be put in force again');
    } finally {
      this.#isBusy = false;
    }
  }

  async #lookAtDrops(): Promise<void> {
    if (this.#isBusy || !this.#newDrops.isDue(performance.now())) return;
    const counters = await this.#operations(this.#contextFor('counters')).counters();
    this.#newDrops.take(counters, performance.now());
  }

  /** As the front is told. */
  status(): StatusReport {
    const { carried, effective, failed } = this.#book;
    return {
      seq: effective?.order.seq ?? null,
      inForce: {
        target: carried?.target ?? null,
        seq: carried?.seq ?? null,
        sha256: carried?.policy?.sha256 ?? null,
        policy: carried?.policy?.name ?? null,
      },
      isPending: readPendingChange() !== undefined,
      isRolledBack: failed?.code === 'XDPOL_E_WENT_BACK' && failed.digest === effective?.digest,
      isDrifted: this.#isDrifted,
      bans: this.#bans,
      newDrops: this.#newDrops.perSecond,
      error: this.#keepingError ?? this.#error ?? this.#bansError,
      version: VERSION,
    };
  }

  /** As Prometheus is told. */
  state(): Pick<FleetState, 'desired' | 'isInSync'> {
    const { carried, effective } = this.#book;
    if (effective === undefined) return { desired: undefined, isInSync: undefined };
    const { order, digest } = effective;
    const hash = order.kind === 'policy' ? order.policy.sha256 : '';
    return {
      desired: { hash, target: order.target },
      isInSync: carried?.digest === digest && !this.#isDrifted,
    };
  }

  /** A statement of the front that this host does not take. */
  refuse(seq: number | null, message: string): void {
    if (this.#error?.message !== message) this.#log.warning(message);
    this.#error = { seq, code: 'XDPOL_E_ORDER', message };
  }

  /** Whether the disk takes what the front sends; null: it does. */
  noteKeeping(failure: EnvironmentError | null): void {
    this.#keepingError = failure === null ? null : { seq: null, code: failure.code, message: failure.message };
  }

  async #settlePolicy(fronts: FrontAsks): Promise<void> {
    const { effective, carried, failed } = this.#book;
    if (effective === undefined) return;
    if (effective.digest === carried?.digest || effective.digest === failed?.digest) return;
    const { order, digest } = effective;
    if (this.#waitsItsTurn(effective, fronts)) return;
    this.#isCarryingOut = true;
    try {
      const policy = await this.#carryOut(effective, fronts);
      this.#keep(() => this.#book.keepCarried({ digest, target: order.target, seq: order.seq, policy }));
      this.#error = null;
      this.#failures = 0;
      this.#nextTry = 0;
      this.#isDrifted = false;
      const what = policy === null ? 'nothing is filtered' : `${policy.name}, version ${policy.version}, is in force`;
      this.#log.info(`order ${order.seq} for ${order.target} is carried out: ${what}`, { seq: order.seq });
    } catch (error) {
      this.#fail(
        order.seq,
        error,
        `order ${order.seq} for ${order.target} is not carried out, and what was in force stays`,
      );
      if (isFinal(error) && this.#error !== null) {
        const { code, message } = this.#error;
        this.#keep(() => this.#book.keepFailed({ digest, code, message }));
        this.#nextTry = 0;
      }
    } finally {
      this.#isCarryingOut = false;
    }
  }

  /** Bans, a newer order and the end of the agent do not wait with it. */
  #waitsItsTurn({ order, digest }: TakenOrder, fronts: FrontAsks): boolean {
    if (order.kind !== 'policy' || order.target.startsWith('host/')) return false;
    if (this.#book.carried?.policy?.sha256 === order.policy.sha256) return false;
    if (this.#turn?.digest !== digest) {
      const spread = spreadOf(fronts.toldAtOnce, isBrought(order.policy, fronts));
      this.#turn = { digest, at: performance.now() + Math.random() * spread };
    }
    const { at } = this.#turn;
    if (performance.now() >= at) return false;
    this.#tryAt(at);
    return true;
  }

  /** What was done is done, though the disk may be full: after a restart the order is carried out again. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      const text = `what became of an order is not written down, and is done again after a restart: ${describeFailure(error)}`;
      this.#log.warning(text, failureFields(error));
    }
  }

  async #carryOut({ order }: TakenOrder, fronts: FrontAsks): Promise<CarriedOrder['policy']> {
    const who = `order ${order.seq} for ${order.target}`;
    const context = this.#contextFor(who);
    const host = this.#operations(context);
    if (order.kind !== 'policy') {
      if ((await host.assignment()) !== null) await this.#turns.take(who, 'unassign', () => host.unassign());
      this.#newDrops.end();
      return null;
    }
    const { carried } = this.#book;
    const isThere = carried?.policy?.sha256 === order.policy.sha256 && isAsOrdered(carried, await host.assignment());
    if (isThere) return carried.policy;
    // Outside of the turn: other changes go on meanwhile.
    const fetched = await fetchPolicy(order.policy, fronts);
    const before = await host.counters().catch(() => undefined);
    const policy = await this.#turns.take(who, 'apply', () =>
      putOrderInForce(context, this.#operations, order.policy, fetched, fronts),
    );
    const after = await host.counters().catch(() => undefined);
    if (before === undefined || after === undefined) this.#newDrops.end();
    else this.#newDrops.begin(before, after, performance.now());
    return policy;
  }

  async #settleBans(): Promise<void> {
    const orders = this.#book.bans;
    const newest = orders.map(({ digest }) => digest).join(' ');
    const held = `${newest} in ${this.#book.carried?.digest}`;
    if (held === this.#heldBans || (orders.length === 0 && this.#heldBans === '')) return;
    try {
      const context = this.#contextFor('bans');
      const { members, refused } = await holdBans(context, bansOf(orders.map(({ order }) => order)), this.#fleet.bans);
      this.#heldBans = held;
      this.#bans = { seq: Math.max(0, ...orders.map(({ order }) => order.seq)), members };
      this.#bansError = null;
      for (const { address, why } of refused) this.#log.warning(`${address} is not banned: ${why}`);
      const [first] = refused;
      if (first !== undefined) {
        const message = `${refused.length} bans are refused, the first of them ${first.address}: ${first.why}`;
        this.#bansError = { seq: this.#bans.seq, code: 'XDPOL_E_SET', message };
      } else this.#log.info(`bans of the fleet: ${members} members`, { members });
    } catch (error) {
      this.#bansError = this.#note(null, error, 'the bans of the fleet are not held');
      this.#tryLater();
    }
  }

  async #tellDrift(
    context: HostContext,
    carried: CarriedOrder,
    assigned: Assignment | null | 'unknown',
  ): Promise<void> {
    const is = describeAssigned(assigned);
    const ordered = carried.policy === null ? 'nothing' : carried.policy.name;
    const then = this.#fleet.drift === 'undo' ? 'it is undone' : 'it stays, because fleet.drift is report';
    const text = `${is} in the place of ${ordered}, which the fleet ordered: ${then}`;
    this.#log.warning(text, { seq: carried.seq });
    await recordDuty(context, 'drift', text);
  }

  /** The policy was confirmed when it came in force first. */
  async #undo(context: HostContext, { policy, seq }: CarriedOrder): Promise<void> {
    const host = this.#operations(context);
    const { who } = context.asker;
    if (policy === null) await this.#turns.take(who, 'unassign', () => host.unassign());
    else {
      const { name, version } = policy;
      await this.#turns.take(who, 'assign', () => host.assign({ name, version, force: true }));
    }
    this.#isDrifted = false;
    this.#log.info(`what order ${seq} asked for is in force again`, { seq });
  }

  #fail(seq: number | null, error: unknown, what: string): void {
    this.#error = this.#note(seq, error, what);
    this.#tryLater();
  }

  #tryLater(): void {
    this.#failures++;
    this.#tryAt(performance.now() + pauseAfter(this.#failures));
  }

  #tryAt(time: number): void {
    this.#nextTry = this.#nextTry === 0 ? time : Math.min(this.#nextTry, time);
  }

  #note(seq: number | null, error: unknown, what: string): StatusError {
    const { code } = encodeError(error);
    const message = `${what}: ${describeRejection(error)}`;
    if (message !== this.#error?.message && message !== this.#bansError?.message) {
      this.#log.warning(message, failureFields(error));
    }
    return { seq, code, message };
  }

  #contextFor(what: string): HostContext {
    const asker = { who: `fleet, ${what}`, uid: null, via: 'agent' } as const;
    return openContext(this.#report, undefined, { asker, patience: LOCK_PATIENCE });
  }
}

/** Is what was ordered assigned, and nothing else? */
function isAsOrdered({ policy }: CarriedOrder, assigned: Assignment | null): boolean {
  return policy === null ? assigned === null : assigned?.hash === policy.hash;
}

function readAssigned({ store }: HostContext): Assignment | null | 'unknown' {
  try {
    return store.assignment() ?? null;
  } catch (error) {
    if (error instanceof EnvironmentError) return 'unknown';
    throw error;
  }
}

function describeAssigned(assigned: Assignment | null | 'unknown'): string {
  if (assigned === 'unknown') return 'it is not known what is assigned';
  return assigned === null ? 'no policy is assigned' : `${assigned.policy}, version ${assigned.version}, is assigned`;
}

function describeRejection(error: unknown): string {
  const first =
    error instanceof PolicyRejected ? error.diagnostics.find(({ severity }) => severity === 'error') : undefined;
  if (first === undefined) return describeFailure(error);
  const { file, line, column } = first.span;
  return `${file}:${line}:${column}: ${first.message} [${first.code}]`;
}

function bansOf(orders: readonly Order[]): ReadonlyMap<string, readonly OrderedBan[]> {
  const bans = new Map<string, OrderedBan[]>();
  for (const order of orders) {
    if (order.kind !== 'bans') continue;
    const { set, entries } = order.bans;
    bans.set(set, [...(bans.get(set) ?? []), ...entries]);
  }
  return bans;
}
