/**
 * Counter slots. A slot belongs to a name (a rule of a policy with its action, or a policy's
 * default) and keeps it for as long as the interface's counters live: slots are only ever added.
 */

import type { PolicyOutline } from '../compiler/loadable.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { Action, DropReason, Exemption, ParseReason } from '../policy/model.ts';
import { EXEMPTIONS } from '../policy/model.ts';

export { verdictOf } from '../policy/model.ts';

const SLOT = ENUMS.slot;

/** What a slot counts, besides fragments, which are counted twice and decide nothing. */
export type Counted =
  | { readonly by: 'rule'; readonly policy: string; readonly rule: string; readonly action: Action }
  | { readonly by: 'default'; readonly policy: string; readonly action: Action }
  | { readonly by: 'exemption'; readonly reason: Exemption; readonly action: Action }
  | { readonly by: 'parse'; readonly reason: ParseReason | DropReason; readonly action: Action };

export type Named = Extract<Counted, { readonly policy: string }>;

export const FRAGMENT_SLOT: number = SLOT.FRAGMENT;

const EXEMPTION_SLOTS: Readonly<Record<Exemption, number>> = {
  'neighbor-discovery': SLOT.NEIGHBOR_DISCOVERY,
  'multicast-listener': SLOT.MULTICAST_LISTENER,
  'path-mtu': SLOT.PATH_MTU,
  dhcp: SLOT.DHCP,
  broadcast: SLOT.BROADCAST,
  multicast: SLOT.MULTICAST,
  rsvp: SLOT.RSVP,
  ike: SLOT.IKE,
  kerberos: SLOT.KERBEROS,
};

/** Slots with a fixed meaning. */
export const FIXED_SLOTS: ReadonlyMap<number, Counted> = new Map<number, Counted>([
  [SLOT.NON_IP, { by: 'parse', reason: 'non_ip', action: 'permit' }],
  [SLOT.MALFORMED_DROP, { by: 'parse', reason: 'malformed', action: 'block' }],
  [SLOT.MALFORMED_PASS, { by: 'parse', reason: 'malformed', action: 'permit' }],
  [SLOT.VLAN_DEPTH_DROP, { by: 'parse', reason: 'vlan_depth', action: 'block' }],
  [SLOT.VLAN_DEPTH_PASS, { by: 'parse', reason: 'vlan_depth', action: 'permit' }],
  [SLOT.EXT_HEADERS_DROP, { by: 'parse', reason: 'ext_headers', action: 'block' }],
  [SLOT.EXT_HEADERS_PASS, { by: 'parse', reason: 'ext_headers', action: 'permit' }],
  [SLOT.SOURCE_ROUTED, { by: 'parse', reason: 'source_routed', action: 'block' }],
  ...EXEMPTIONS.map((reason) => [EXEMPTION_SLOTS[reason], { by: 'exemption', reason, action: 'permit' }] as const),
]);

function keyOf(named: Named): string {
  return JSON.stringify([named.policy, named.by === 'rule' ? named.rule : null, named.action]);
}

/** Where the first named slot stands in counters that another version of the program pinned. */
export interface SlotEra {
  readonly first: number;
  /** Counters maps with a number below this, and not of an earlier era. */
  readonly maps: number;
}

export class SlotRegistry {
  /** Oldest first; maps behind the last era number their slots as this program does. */
  readonly eras: readonly SlotEra[];
  readonly #named: Named[];
  readonly #saved: number | undefined;
  /** Made when a slot is looked for: who only reads counters has no use for it. */
  #byKey: Map<string, number> | undefined;

  /** `named` in slot order, as a registry gave it before; `isSaved` where the pinned record says just this. */
  constructor(named: readonly Named[] = [], eras: readonly SlotEra[] = [], isSaved = true) {
    this.eras = eras;
    this.#saved = isSaved ? named.length : undefined;
    this.#named = [...named];
  }

  get named(): readonly Named[] {
    return this.#named;
  }

  /** The pinned record does not say what this does. */
  get isUnsaved(): boolean {
    return this.#saved !== this.#named.length;
  }

  /** Slots in use, the fixed ones included. */
  get size(): number {
    return SLOT.FIRST_NAMED + this.#named.length;
  }

  /** The name's slot, a new one where it has none. */
  slot(named: Named): number {
    const known = this.slotOf(named);
    if (known !== undefined) return known;
    this.#named.push(named);
    this.#byKey?.set(keyOf(named), this.size - 1);
    return this.size - 1;
  }

  /** The name's slot, where it has one. */
  slotOf(named: Named): number | undefined {
    this.#byKey ??= new Map(this.#named.map((n, i) => [keyOf(n), SLOT.FIRST_NAMED + i]));
    return this.#byKey.get(keyOf(named));
  }

  counted(slot: number): Counted | undefined {
    return FIXED_SLOTS.get(slot) ?? this.#named[slot - SLOT.FIRST_NAMED];
  }
}

/** The slot of each rule of a policy, by its index, and of the default. */
export interface PolicySlots {
  readonly rules: readonly number[];
  readonly default: number;
}

export function policySlots(registry: SlotRegistry, policy: PolicyOutline): PolicySlots {
  const rules = policy.rules.map(({ name, action }) =>
    registry.slot({ by: 'rule', policy: policy.name, rule: name, action }),
  );
  return { rules, default: registry.slot({ by: 'default', policy: policy.name, action: policy.default }) };
}
