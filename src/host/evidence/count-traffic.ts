/** What counters say of the window: differences of what the kernel has, over restarts of the agent and of the machine. */
import type { Count } from '../../engine/counts.ts';
import type { Counted } from '../../engine/slots.ts';
import { verdictOf } from '../../engine/slots.ts';
import type { CountedEvidence, Evidence, EvidenceGap, EvidenceHour, GapKind } from '../../store/store.ts';

/** Counters of one interface and direction, those of policies no longer in force among them. */
export interface SideReading {
  readonly interface: string;
  readonly direction: CountedEvidence['direction'];
  readonly counters: readonly { readonly counted: Counted; readonly count: Count }[];
}

export interface Look {
  readonly now: Date;
  /** Of the machine's start. */
  readonly boot: string;
  readonly sides: readonly SideReading[];
  /** jiffies64 -> Unix seconds. */
  readonly timeOf: (jiffies: bigint) => number;
}

/** Milliseconds without a look after which the agent is said to have been away. */
const AWAY = 60_000;
const GAPS_KEPT = 100;
/** Two weeks. */
const HOURS_KEPT = 336;
const HOUR = 3_600_000;
/** Counters that are kept: with 10,000 rules on two interfaces, those that count. */
const COUNTERS_KEPT = 40_000;

export function beginEvidence({ now, boot }: Pick<Look, 'now' | 'boot'>): Evidence {
  const at = now.toISOString();
  return {
    since: at,
    until: at,
    boot,
    gaps: [],
    gapsLeftOut: 0,
    counted: [],
    generations: {},
    filters: [],
    sources: [],
    sampledSeconds: 0,
    hours: [],
    filtersUnknown: null,
  };
}

function keyOf({ interface: name, direction, policy, rule, action }: Omit<CountedEvidence, 'raw'>): string {
  return JSON.stringify([name, direction, policy, rule, action]);
}

/** The evidence with what has been counted since the last look. The first look counts nothing: the window begins with it. */
export function addCounts(before: Evidence, look: Look, isFirst: boolean): Evidence {
  const known = new Map(before.counted.map((one) => [keyOf(one), one]));
  const sidesKnown = new Set(before.counted.map((one) => `${one.direction} ${one.interface}`));
  const sums = { pass: 0, drop: 0 };
  let beganAnew = false;
  for (const side of look.sides) {
    const isOld = isFirst || (!sidesKnown.has(`${side.direction} ${side.interface}`) && isOlder(side, before, look));
    for (const reading of side.counters) {
      if (!('policy' in reading.counted)) continue;
      const fresh = evidenceOf(side, reading, look);
      if (fresh.raw === 0) continue;
      const last = known.get(keyOf(fresh));
      const isReset = last !== undefined && fresh.raw < last.raw;
      beganAnew ||= isReset;
      const base = last === undefined ? (isOld ? fresh : NOTHING) : isReset ? NOTHING : last;
      const packets = fresh.raw - base.raw;
      sums[verdictOf(fresh.action)] += packets;
      known.set(keyOf(fresh), {
        ...fresh,
        packets: (last?.packets ?? 0) + packets,
        bytes: (last?.bytes ?? 0) + Math.max(0, fresh.rawBytes - base.rawBytes),
        lastMatch: packets === 0 ? (last?.lastMatch ?? null) : fresh.lastMatch,
      });
    }
  }
  const at = look.now.toISOString();
  const counted = [...known.values()].slice(-COUNTERS_KEPT);
  const withHours = { ...before, counted, hours: addHour(before.hours, look.now, sums) };
  return { ...addGaps(withHours, look, beganAnew), until: at, boot: look.boot };
}

const NOTHING = { raw: 0, rawBytes: 0 };

function evidenceOf(
  { interface: name, direction }: SideReading,
  { counted, count }: SideReading['counters'][number],
  { timeOf }: Look,
): CountedEvidence {
  return {
    interface: name,
    direction,
    policy: 'policy' in counted ? counted.policy : '',
    rule: counted.by === 'rule' ? counted.rule : null,
    action: counted.action,
    raw: Number(count.packets),
    rawBytes: Number(count.bytes),
    packets: 0,
    bytes: 0,
    lastMatch: new Date(1000 * timeOf(count.jiffies)).toISOString(),
  };
}

/** Did these counters count before the window saw the interface? */
function isOlder({ counters }: SideReading, before: Evidence, { timeOf }: Look): boolean {
  const until = Date.parse(before.until) / 1000;
  return counters.some(({ count }) => count.packets > 0n && timeOf(count.jiffies) < until - 1);
}

function addHour(
  hours: readonly EvidenceHour[],
  now: Date,
  { pass, drop }: Pick<EvidenceHour, 'pass' | 'drop'>,
): readonly EvidenceHour[] {
  const at = new Date(Math.floor(now.getTime() / HOUR) * HOUR).toISOString();
  const last = hours.at(-1);
  if (last?.at === at) return [...hours.slice(0, -1), { at, pass: last.pass + pass, drop: last.drop + drop }];
  return [...hours, { at, pass, drop }].slice(-HOURS_KEPT);
}

function addGaps(before: Evidence, look: Look, beganAnew: boolean): Evidence {
  const away = look.now.getTime() - Date.parse(before.until) > AWAY;
  const isRestarted = before.boot !== look.boot || beganAnew;
  const gapped = away ? addGap(before, 'agent', look.now) : before;
  const restarted = isRestarted ? addGap(gapped, 'restart', look.now) : gapped;
  return look.sides.length === 0 ? addGap(restarted, 'unfiltered', look.now) : restarted;
}

/** From the last look to now; one that goes on is made longer. */
export function addGap(before: Evidence, kind: GapKind, now: Date): Evidence {
  const to = now.toISOString();
  const at = before.gaps.findLastIndex((gap) => gap.kind === kind && gap.to === before.until);
  if (at >= 0) {
    const gaps = before.gaps.map((gap, i): EvidenceGap => (i === at ? { ...gap, to } : gap));
    return { ...before, gaps };
  }
  const gaps = [...before.gaps, { kind, from: before.until, to }];
  const leftOut = Math.max(0, gaps.length - GAPS_KEPT);
  return { ...before, gaps: gaps.slice(leftOut), gapsLeftOut: before.gapsLeftOut + leftOut };
}
