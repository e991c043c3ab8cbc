/**
 * The statements of operators that this host has taken: its membership, and the newest order of each lane and target. What
 * is taken is on the disk before it counts, so that an older one is refused after a restart too.
 */

import type { Lane, Target } from '../../fleet/fleet-names.ts';
import { isTarget, LANES, targetsOf } from '../../fleet/fleet-names.ts';
import type { MembershipRefusal } from '../../fleet/membership.ts';
import { openMembership } from '../../fleet/membership.ts';
import type { Order, Refusal, TimeFault } from '../../fleet/order.ts';
import { laneOf, openOrder, timeFaultOf } from '../../fleet/order.ts';
import { effectiveOrder } from '../../fleet/precedence.ts';
import type { Signed, TrustedKeys } from '../../fleet/signing.ts';
import { readSigned } from '../../fleet/signing.ts';
import { parseJson } from '../../store/json-fields.ts';
import type { CarriedOrder, FailedOrder, FleetRecord } from '../../store/store.ts';

/** Where the record is kept. */
export interface RecordFile {
  read(): FleetRecord;
  write(record: FleetRecord): void;
}

export interface TakenOrder {
  readonly order: Order;
  readonly digest: string;
  readonly signed: Signed;
}

interface LateOrder {
  readonly signed: Signed;
  readonly order: Order;
}

export type Taken = { readonly refused: Refusal } | { readonly isNew: boolean };

const MEMBERSHIP = 'membership';

export class OrderBook {
  readonly #file: RecordFile;
  readonly #host: string;
  readonly #keys: TrustedKeys;
  readonly #orders: Record<Lane, Map<Target, TakenOrder>> = { policy: new Map(), bans: new Map() };
  /** What the clock of this host, which may be wrong, is against: the newest by lane, target and fault. */
  readonly #late = new Map<string, LateOrder>();
  #lateMembership: Signed | undefined;
  /** By their names in the file, as they are there. */
  readonly #distrusted = new Map<string, string>();
  #membership: { readonly signed: Signed; readonly groups: readonly string[]; readonly seq: number } | undefined;
  #carried: CarriedOrder | null;
  #failed: FailedOrder | null;

  /**
   * Statements of the file that no trusted key signed do not count: the key may have been taken from the host. They stay in
   * the file until others take their place, so that none that is older counts when the key comes back.
   */
  constructor(file: RecordFile, host: string, keys: TrustedKeys) {
    this.#file = file;
    this.#host = host;
    this.#keys = keys;
    const { statements, carried, failed } = file.read();
    this.#carried = carried;
    this.#failed = failed;
    for (const [name, text] of statements) {
      const signed = readSigned(parseJson(text));
      const target = name.slice(name.indexOf(' ') + 1);
      if (signed === undefined) continue;
      const { refused } = this.#openKept(name, target, signed);
      if (refused === 'unknown-key') this.#distrusted.set(name, text);
    }
  }

  /** What is in force by an order; null: nothing yet. */
  get carried(): CarriedOrder | null {
    return this.#carried;
  }

  /** The order that was given up last. */
  get failed(): FailedOrder | null {
    return this.#failed;
  }

  get targets(): readonly Target[] {
    return targetsOf(this.#host, this.#membership?.groups ?? []);
  }

  /** The order that decides what is in force; undefined: there is none, and what is in force stays. */
  get effective(): TakenOrder | undefined {
    return effectiveOrder(this.targets, this.#orders.policy);
  }

  /** Orders of bans that hold for this host. */
  get bans(): readonly TakenOrder[] {
    return this.targets.flatMap((target) => this.#orders.bans.get(target) ?? []);
  }

  /** Throws where the disk does not take it: then it does not count. */
  takeMembership(signed: Signed, now: number = Date.now()): MembershipRefusal | undefined {
    const before = this.#membership;
    const refused = this.#openMembership(signed, now);
    this.#lateMembership = refused === 'ahead' ? signed : undefined;
    if (refused !== undefined || before?.signed.body === signed.body) return refused;
    this.#writeOr(() => {
      this.#membership = before;
    });
    return undefined;
  }

  /** Throws where the disk does not take it: then it does not count. */
  takeOrder(signed: Signed, now: number = Date.now()): Taken {
    const before = LANES.map((lane) => [lane, new Map(this.#orders[lane])] as const);
    const taken = this.#openOrder(signed, now, this.targets);
    if ('refused' in taken || !taken.isNew) return taken;
    this.#writeOr(() => {
      for (const [lane, orders] of before) this.#orders[lane] = orders;
    });
    return taken;
  }

  /** Takes what the clock was against, and is no more. Whether anything new was taken; throws as takeOrder. */
  takeLate(now: number = Date.now()): boolean {
    const membership = this.#lateMembership;
    let isAnyNew = membership !== undefined && this.takeMembership(membership, now) === undefined;
    for (const [key, { signed, order }] of this.#late) {
      if (timeFaultOf(order, now) !== undefined) continue;
      const taken = this.takeOrder(signed, now);
      this.#late.delete(key);
      isAnyNew ||= 'isNew' in taken && taken.isNew;
    }
    return isAnyNew;
  }

  /** The order is in force: `carried` says what it put there. */
  keepCarried(carried: CarriedOrder): void {
    this.#carried = carried;
    this.#failed = null;
    this.#write();
  }

  /** The order is not tried again. */
  keepFailed(failed: FailedOrder): void {
    this.#failed = failed;
    this.#write();
  }

  #openKept(
    name: string,
    target: string,
    signed: Signed,
  ): { readonly refused?: MembershipRefusal | Refusal | undefined } {
    if (name === MEMBERSHIP) return { refused: this.#openMembership(signed, undefined) };
    if (!isTarget(target)) return {};
    // When it was taken it was in time. One of a group that the host has left refuses older ones still.
    const taken = this.#openOrder(signed, undefined, [target]);
    return 'refused' in taken ? taken : {};
  }

  #openMembership(signed: Signed, now: number | undefined): MembershipRefusal | undefined {
    const taken = this.#membership?.seq;
    const opened = openMembership(signed, { host: this.#host, keys: this.#keys, taken, now });
    if ('refused' in opened) return opened.refused;
    const { groups, seq } = opened.membership;
    this.#membership = { signed, groups, seq };
    return undefined;
  }

  #openOrder(signed: Signed, now: number | undefined, targets: readonly Target[]): Taken {
    const opened = openOrder(signed, {
      host: this.#host,
      keys: this.#keys,
      targets,
      taken: (lane, target) => {
        const taken = this.#orders[lane].get(target);
        return taken === undefined ? undefined : { seq: taken.order.seq, digest: taken.digest };
      },
      now,
    });
    if ('refused' in opened) {
      if ('order' in opened) this.#keepLate(opened.refused, { signed, order: opened.order });
      return { refused: opened.refused };
    }
    const { order, digest, isNew } = opened;
    if (isNew) this.#orders[laneOf(order.kind)].set(order.target, { order, digest, signed });
    return { isNew };
  }

  #keepLate(fault: TimeFault, late: LateOrder): void {
    const { kind, target, seq } = late.order;
    const key = `${laneOf(kind)} ${target} ${fault}`;
    if (seq > (this.#late.get(key)?.order.seq ?? -1)) this.#late.set(key, late);
  }

  #writeOr(takeBack: () => void): void {
    try {
      this.#write();
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  #write(): void {
    const orders = LANES.flatMap((lane) =>
      [...this.#orders[lane]].map(([target, { signed }]) => [`${lane} ${target}`, JSON.stringify(signed)] as const),
    );
    const own = this.#membership === undefined ? [] : [[MEMBERSHIP, JSON.stringify(this.#membership.signed)] as const];
    this.#file.write({
      statements: new Map([...this.#distrusted, ...own, ...orders]),
      carried: this.#carried,
      failed: this.#failed,
    });
  }
}
