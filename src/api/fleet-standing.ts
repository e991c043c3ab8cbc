/** What this host knows of the fleet that it takes orders from. */
import type { Schema } from './schema.ts';
import { allowNull, list, object, TEXT, TRUTH } from './schema.ts';

export const FLEET_PATH = '/v1/fleet';

/** Who may ask for the status may ask for it. */
export const FLEET_RIGHT = 'status';

export interface FleetStanding {
  /** Host and port of each front that the configuration names. */
  readonly fronts: readonly string[];
  /** The one that orders come from now; null while none can be reached. */
  readonly front: string | null;
  /** ISO 8601, UTC; null where none was heard since the agent started. */
  readonly lastContact: string | null;
  /** The order that applies to this host, as `fleet`, `group/NAME` or `host/NAME`; null while there is none. */
  readonly target: string | null;
  /** Is that in force, as it was ordered? null while there is no order. */
  readonly isInSync: boolean | null;
  /** Of the order that is in force; null: it is none of the fleet, or ended filtering. */
  readonly policy: string | null;
  /** Somebody changed on this host what the fleet ordered. */
  readonly isDrifted: boolean;
  /** The last change that was ordered went back by itself. */
  readonly isRolledBack: boolean;
  /** Why an order was refused or could not be carried out. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export const FLEET_STANDING: Schema = allowNull(
  object({
    fronts: list(TEXT),
    front: allowNull(TEXT),
    lastContact: allowNull(TEXT),
    target: allowNull(TEXT),
    isInSync: allowNull(TRUTH),
    policy: allowNull(TEXT),
    isDrifted: TRUTH,
    isRolledBack: TRUTH,
    error: allowNull(object({ code: TEXT, message: TEXT })),
  }),
);
