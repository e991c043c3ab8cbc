/** A rollout as the store has it: its orders were signed when it began, and are released one after another. */
import { fieldsOf, isText } from '../store/json-fields.ts';
import type { Target } from './fleet-names.ts';
import { isName, isTarget } from './fleet-names.ts';
import { readOrder } from './order.ts';
import type { Signed } from './signing.ts';
import { parseBody, readSigned } from './signing.ts';

export const ROLLOUT_STATES = ['running', 'stopped', 'done', 'returned'] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

export interface RolloutWave {
  readonly signed: Signed;
  /** null: all of the target. */
  readonly hosts: readonly string[] | null;
}

export interface Gates {
  /** Seconds that every ring must have been well before the next one is released. */
  readonly hold: number;
  /** Seconds after which a ring that is not in force everywhere has failed. */
  readonly patience: number;
  /** Hosts of a ring that may say nothing. */
  readonly silent: number;
  /** Packets a second that a host may drop by rules that dropped none before. */
  readonly drops: number;
  /** A command that must end with 0; null: none. */
  readonly probe: string | null;
}

export interface RolloutRecord {
  readonly id: string;
  readonly target: Target;
  readonly waves: readonly RolloutWave[];
  /** What was in force for the target before, signed with a higher seq than every wave. */
  readonly back: Signed;
  /** Waves that hosts are given. */
  readonly released: number;
  /** Milliseconds since 1970. */
  readonly releasedAt: number;
  readonly gates: Gates;
  readonly state: RolloutState;
  /** Why it does not run. */
  readonly reason: string | null;
  /** Whoever drives it, and until when nobody else does: milliseconds since 1970. */
  readonly driver: { readonly id: string; readonly until: number } | null;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The hosts are those of the signed order: who stores the record cannot give them others. */
function readWave(value: unknown): RolloutWave | undefined {
  const signed = readSigned(fieldsOf<RolloutWave>(value).signed);
  const order = signed === undefined ? undefined : readOrder(parseBody(signed));
  return signed === undefined || order?.wave == null ? undefined : { signed, hosts: order.wave.hosts };
}

function readGates(value: unknown): Gates | undefined {
  const { hold, patience, silent, drops, probe } = fieldsOf<Gates>(value);
  if (!isWhole(hold) || !isWhole(patience) || !isWhole(silent) || !isWhole(drops)) return undefined;
  return probe === null || isText(probe) ? { hold, patience, silent, drops, probe } : undefined;
}

function readDriver(value: unknown): RolloutRecord['driver'] {
  const { id, until } = fieldsOf<NonNullable<RolloutRecord['driver']>>(value);
  return isText(id) && isWhole(until) ? { id, until } : null;
}

export function readRollout(value: unknown): RolloutRecord | undefined {
  const fields = fieldsOf<RolloutRecord>(value);
  const { id, target, released, releasedAt, reason } = fields;
  const waves = Array.isArray(fields.waves) ? fields.waves.map(readWave) : [undefined];
  const back = readSigned(fields.back);
  const gates = readGates(fields.gates);
  const state = ROLLOUT_STATES.find((known) => known === fields.state);
  if (!isName(id) || !isTarget(target) || !waves.every((wave) => wave !== undefined)) return undefined;
  if (back === undefined || gates === undefined || state === undefined) return undefined;
  if (!isWhole(released) || released > waves.length || !isWhole(releasedAt)) return undefined;
  const driver = readDriver(fields.driver);
  return {
    ...{ id, target, waves, back, released, releasedAt, gates, state, driver },
    reason: isText(reason) ? reason : null,
  };
}

/** It is not over: its orders count, and its target takes no other one. */
export function isOpen({ state }: RolloutRecord): boolean {
  return state === 'running' || state === 'stopped';
}

/** The newest order of the rollout that was released for a host; undefined: the one of the target still counts. */
export function releasedFor(record: RolloutRecord, host: string): Signed | undefined {
  if (!isOpen(record)) return undefined;
  const { waves, released } = record;
  return waves.slice(0, released).findLast(({ hosts }) => hosts === null || hosts.includes(host))?.signed;
}
