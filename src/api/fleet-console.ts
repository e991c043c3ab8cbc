/** What the console of a fleet is told by the server beside the operator's folder: the fleet as a whole. */
import type { Schema } from './schema.ts';
import { allowNull, INTEGER, list, mapOf, object, oneOf, TEXT, TRUTH } from './schema.ts';

export const FLEET_HOST_STATES = [
  'in-sync',
  'pending',
  'failed',
  'rolled-back',
  'drifted',
  'silent',
  'not-joined',
] as const;
export type FleetHostState = (typeof FLEET_HOST_STATES)[number];

/** A host as `fleet status --json` has it. */
export interface WireStanding {
  readonly host: string;
  readonly state: FleetHostState;
  readonly ordered: { readonly target: string; readonly seq: number; readonly what: string } | null;
  readonly inForce: {
    readonly target: string | null;
    readonly seq: number | null;
    readonly sha256: string | null;
    readonly policy: string | null;
  } | null;
  /** ISO 8601, UTC. */
  readonly seen: string | null;
  readonly error: { readonly seq: number | null; readonly code: string; readonly message: string } | null;
  readonly version: string | null;
}

const STANDING_PROPERTIES = {
  host: TEXT,
  state: oneOf(...FLEET_HOST_STATES),
  ordered: allowNull(object({ target: TEXT, seq: INTEGER, what: TEXT })),
  inForce: allowNull(
    object({ target: allowNull(TEXT), seq: allowNull(INTEGER), sha256: allowNull(TEXT), policy: allowNull(TEXT) }),
  ),
  seen: allowNull(TEXT),
  error: allowNull(object({ seq: allowNull(INTEGER), code: TEXT, message: TEXT })),
  version: allowNull(TEXT),
};
export const STANDING: Schema = object(STANDING_PROPERTIES);

export interface FleetHost extends WireStanding {
  readonly labels: Readonly<Record<string, string>>;
  /** The one that counts most first. */
  readonly groups: readonly string[];
  /** What is in force, in words. */
  readonly has: string;
}

const FLEET_HOST = object({ ...STANDING_PROPERTIES, labels: mapOf(TEXT), groups: list(TEXT), has: TEXT });

export interface FleetHostsQuery {
  /** From 1. */
  readonly page: number;
  readonly limit: number;
  /** Words that the names, labels, groups, policies or errors of the hosts have, all of them. */
  readonly search: string;
  readonly state?: FleetHostState;
  readonly group?: string;
}

export const FLEET_HOSTS_QUERY: Schema = object(
  {},
  {
    page: { type: 'integer', minimum: 1, default: 1 },
    limit: { type: 'integer', minimum: 1, maximum: 1000, default: 200 },
    search: { type: 'string', maxLength: 200, default: '' },
    state: oneOf(...FLEET_HOST_STATES),
    group: TEXT,
  },
);

export interface FleetHostPage {
  /** The most urgent first. */
  readonly hosts: readonly FleetHost[];
  readonly found: number;
  readonly total: number;
}

export const FLEET_HOST_PAGE: Schema = object({ hosts: list(FLEET_HOST), found: INTEGER, total: INTEGER });

export interface FleetGroup {
  readonly name: string;
  readonly priority: number;
  /** null: hosts are in it by name alone. */
  readonly selector: string | null;
  readonly hosts: number;
  readonly inSync: number;
  /** The order for the group, in words; null: there is none. */
  readonly ordered: string | null;
}

export interface FleetRing {
  readonly hosts: number;
  readonly isReleased: boolean;
  /** Hosts that have the policy in force. */
  readonly inForce: number;
}

export interface FleetRollout {
  readonly id: string;
  readonly target: string;
  /** What is rolled out, in words. */
  readonly what: string;
  readonly state: 'running' | 'stopped' | 'done' | 'returned';
  /** Why it does not run; null while it does. */
  readonly reason: string | null;
  readonly rings: readonly FleetRing[];
  /** ISO 8601, UTC; of the last ring; null where none was. */
  readonly releasedAt: string | null;
  /** Does a process release the rings? */
  readonly isDriven: boolean;
  /** What it waits for; null where it is over. */
  readonly waitsFor: string | null;
}

export interface FleetSummary {
  readonly total: number;
  readonly states: Readonly<Record<FleetHostState, number>>;
  /** The order for the whole fleet, in words; null: there is none. */
  readonly ordered: string | null;
  readonly groups: readonly FleetGroup[];
  /** Those that are not over first, then the last ones that are. */
  readonly rollouts: readonly FleetRollout[];
  /** Why nothing can be signed here, with the next step; null where it can. */
  readonly unsigned: { readonly message: string; readonly help: string | null } | null;
}

export const FLEET_SUMMARY: Schema = object({
  total: INTEGER,
  states: object(Object.fromEntries(FLEET_HOST_STATES.map((state) => [state, INTEGER]))),
  ordered: allowNull(TEXT),
  groups: list(
    object({
      ...{ name: TEXT, priority: INTEGER, selector: allowNull(TEXT) },
      ...{ hosts: INTEGER, inSync: INTEGER, ordered: allowNull(TEXT) },
    }),
  ),
  rollouts: list(
    object({
      ...{ id: TEXT, target: TEXT, what: TEXT, reason: allowNull(TEXT), releasedAt: allowNull(TEXT) },
      state: oneOf('running', 'stopped', 'done', 'returned'),
      rings: list(object({ hosts: INTEGER, isReleased: TRUTH, inForce: INTEGER })),
      isDriven: TRUTH,
      waitsFor: allowNull(TEXT),
    }),
  ),
  unsigned: allowNull(object({ message: TEXT, help: allowNull(TEXT) })),
});

export interface FleetPolicies {
  /** By name; the newest version first. */
  readonly policies: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: number; readonly published: string; readonly by: string }[];
  }[];
}

export const FLEET_POLICIES: Schema = object({
  policies: list(object({ name: TEXT, versions: list(object({ version: INTEGER, published: TEXT, by: TEXT })) })),
});

/** Who wrote which records. */
export interface FleetChange {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly who: string;
  readonly role: string;
  /** Records that were written, such as `order/group/web`. */
  readonly records: readonly string[];
  /** Writes of the same by the same, one after another. */
  readonly times: number;
}

export interface FleetChanges {
  /** The newest first. */
  readonly changes: readonly FleetChange[];
}

export const FLEET_CHANGES: Schema = object({
  changes: list(object({ at: TEXT, who: TEXT, role: TEXT, records: list(TEXT), times: INTEGER })),
});

export interface FleetPublished {
  readonly name: string;
  readonly version: number;
}

export const FLEET_PUBLISHED: Schema = object({ name: TEXT, version: INTEGER });

export interface FleetRolloutRequest {
  readonly target: string;
  readonly policy: string;
  readonly version: number;
  /** As `--rings` has it. */
  readonly rings: string;
  /** Seconds that each ring is watched, and that its hosts are waited for. */
  readonly hold: number;
  readonly patience: number;
  /** Hosts that may say nothing. */
  readonly silent: number;
  /** Packets a second that a host may drop by rules that dropped none. */
  readonly drops: number;
}

const WHOLE: Schema = { type: 'integer', minimum: 0, maximum: 999_999_999 };

export const FLEET_ROLLOUT_REQUEST: Schema = object({
  ...{ target: TEXT, policy: TEXT, version: INTEGER, rings: TEXT },
  ...{ hold: WHOLE, patience: WHOLE, silent: WHOLE, drops: WHOLE },
});

export interface FleetPreviewRequest {
  readonly target: string;
  /** Of a rollout; without them: what a rollback of the target would do. */
  readonly rings?: string;
}

export const FLEET_PREVIEW_REQUEST: Schema = object({ target: TEXT }, { rings: TEXT });

export interface FleetPreview {
  /** That the target has. */
  readonly hosts: number;
  /** Hosts that each ring adds; of a way back one number. */
  readonly rings: readonly number[];
  /** Hosts of the target for which another order counts before that of the target. */
  readonly elsewhere: number;
  /** What is ordered for the target now, and what would be, in words; null: nothing; the latter is undecided for a rollout. */
  readonly ordered: string | null;
  readonly back: string | null;
}

export const FLEET_PREVIEW: Schema = object({
  ...{ hosts: INTEGER, rings: list(INTEGER), elsewhere: INTEGER },
  ...{ ordered: allowNull(TEXT), back: allowNull(TEXT) },
});

/** A rollout, or the hosts of an order. */
export interface FleetDone {
  readonly rollout: string | null;
  readonly hosts: number;
}

export const FLEET_DONE: Schema = object({ rollout: allowNull(TEXT), hosts: INTEGER });
