/** Who changed the fleet last, of the records that a front writes of every change. */
import type { FleetChange } from '../../api/fleet-console.ts';
import { fieldsOf, isText, isTextList } from '../../store/json-fields.ts';
import type { Entry, FleetStore } from '../fleet-store.ts';
import { KEYS, PREFIXES, ROOT } from '../record-keys.ts';
import { parseRecord } from '../records.ts';

/** Changes that are shown. */
const MOST = 20;
/** Digits of the time, in milliseconds, that may differ: the last three hours, days, months, all. */
const OPEN_DIGITS = [7, 9, 10, 15] as const;

/** The newest ones, read by the beginning of the time in their keys: a store has all that there ever were. */
async function newestEntries(store: FleetStore): Promise<readonly Entry[]> {
  const now = KEYS.audit(Date.now(), '').slice(0, -1);
  let entries: readonly Entry[] = [];
  for (const digits of OPEN_DIGITS) {
    ({ entries } = await store.list(now.slice(0, now.length - digits)));
    if (entries.length >= MOST) break;
  }
  return entries;
}

interface Audit {
  readonly who: string;
  readonly role: string;
  readonly keys: readonly string[];
}

function readChange({ key, value }: Entry): FleetChange | undefined {
  const { who, role, keys } = fieldsOf<Audit>(parseRecord(value));
  const time = Number(key.slice(PREFIXES.audits.length).split('-')[0]);
  if (!isText(who) || !isText(role) || !isTextList(keys) || !Number.isSafeInteger(time)) return undefined;
  const records = keys.map((written) => (written.startsWith(ROOT) ? written.slice(ROOT.length) : written));
  return { at: new Date(time).toISOString(), who, role, records, times: 1 };
}

/** Whoever drives a rollout writes its record again and again. */
function isLike(a: FleetChange, b: FleetChange): boolean {
  return a.who === b.who && a.role === b.role && a.records.join() === b.records.join();
}

/** The newest first. */
export async function recentChanges(store: FleetStore): Promise<readonly FleetChange[]> {
  const changes: FleetChange[] = [];
  for (const entry of (await newestEntries(store)).toReversed()) {
    const change = readChange(entry);
    const last = changes.at(-1);
    if (change === undefined) continue;
    if (last !== undefined && isLike(last, change)) changes[changes.length - 1] = { ...last, times: last.times + 1 };
    else if (changes.length < MOST) changes.push(change);
    else break;
  }
  return changes;
}
