/** The fleet as its console shows it: totals, groups and rollouts, and pages of hosts. Pure. */
import type {
  FleetGroup,
  FleetHost,
  FleetHostPage,
  FleetHostsQuery,
  FleetRing,
  FleetRollout,
  FleetSummary,
} from '../../api/fleet-console.ts';
import type { Target } from '../fleet-names.ts';
import type { Order } from '../order.ts';
import { readOrder } from '../order.ts';
import { readOnce } from '../read-once.ts';
import type { RolloutRecord } from '../rollout-record.ts';
import { parseBody } from '../signing.ts';
import { describeOrder, inForceText, standingJson } from './describe.ts';
import { judge } from './gates.ts';
import type { Snapshot } from './snapshot.ts';
import { hostsOf } from './snapshot.ts';
import type { HostStanding, HostState } from './states.ts';
import { allStandings, HOST_STATES, isInForce, URGENCY } from './states.ts';

/** Rollouts that are over, of those that are listed. */
const MOST_OVER = 5;

/** How all hosts stand at a time, with what is searched for in each. */
export interface StandingList {
  readonly standings: readonly HostStanding[];
  readonly byHost: ReadonlyMap<string, HostStanding>;
  readonly texts: readonly string[];
}

function groupsOf({ memberships }: Snapshot, host: string): readonly string[] {
  return memberships.get(host)?.value.groups ?? [];
}

function labelsOf({ hosts }: Snapshot, host: string): Readonly<Record<string, string>> {
  return hosts.get(host)?.value.labels ?? {};
}

function searchText(snapshot: Snapshot, { host, state, ordered, status }: HostStanding): string {
  const labels = Object.entries(labelsOf(snapshot, host)).map(([name, value]) => `${name}=${value}`);
  const policies = [ordered === undefined ? '' : describeOrder(ordered), status?.inForce.policy ?? ''];
  const error = status?.error?.message ?? '';
  return [host, state, ...labels, ...groupsOf(snapshot, host), ...policies, error].join(' ').toLowerCase();
}

function urgencyOf({ state }: HostStanding): number {
  const place = URGENCY.indexOf(state);
  return place < 0 ? URGENCY.length : place;
}

/** The most urgent first, and those alike by name. */
export function listStandings(snapshot: Snapshot, now: number): StandingList {
  const standings = [...allStandings(snapshot, now)].sort((a, b) => urgencyOf(a) - urgencyOf(b));
  return {
    standings,
    byHost: new Map(standings.map((one) => [one.host, one])),
    texts: standings.map((one) => searchText(snapshot, one)),
  };
}

function describeHost(snapshot: Snapshot, standing: HostStanding): FleetHost {
  const { host } = standing;
  const more = { labels: labelsOf(snapshot, host), groups: groupsOf(snapshot, host), has: inForceText(standing) };
  return { ...standingJson(standing), ...more };
}

export function pageOfHosts(
  snapshot: Snapshot,
  { standings, texts }: StandingList,
  { page, limit, search, state, group }: FleetHostsQuery,
): FleetHostPage {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  const found = standings.filter(
    (one, at) =>
      (state === undefined || one.state === state) &&
      (group === undefined || groupsOf(snapshot, one.host).includes(group)) &&
      words.every((word) => texts[at]?.includes(word) === true),
  );
  const hosts = found.slice((page - 1) * limit, page * limit).map((one) => describeHost(snapshot, one));
  return { hosts, found: found.length, total: standings.length };
}

function orderedText({ orders }: Snapshot, target: Target): string | null {
  const order = orders.policy.get(target)?.value.order;
  return order === undefined ? null : describeOrder(order);
}

function groupRows(snapshot: Snapshot, { standings }: StandingList): readonly FleetGroup[] {
  const counts = new Map<string, { hosts: number; inSync: number }>();
  for (const { host, state } of standings) {
    for (const group of groupsOf(snapshot, host)) {
      const { hosts, inSync } = counts.get(group) ?? { hosts: 0, inSync: 0 };
      counts.set(group, { hosts: hosts + 1, inSync: inSync + (state === 'in-sync' ? 1 : 0) });
    }
  }
  const groups = [...snapshot.groups.values()].map(({ value }) => value);
  return groups
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(({ name, priority, selector }) => {
      const { hosts = 0, inSync = 0 } = counts.get(name) ?? {};
      return { name, priority, selector, hosts, inSync, ordered: orderedText(snapshot, `group/${name}`) };
    });
}

const orderOf = readOnce((signed) => readOrder(parseBody(signed)));

function ringsOf(snapshot: Snapshot, { byHost }: StandingList, record: RolloutRecord): readonly FleetRing[] {
  const { target, waves, released } = record;
  const order: Order | undefined = waves[0] === undefined ? undefined : orderOf(waves[0].signed);
  const named = new Set(waves.flatMap(({ hosts }) => hosts ?? []));
  const has = (host: string): boolean => {
    const status = byHost.get(host)?.status;
    return status !== undefined && isInForce(order, status);
  };
  return waves.map(({ hosts }, at) => {
    const own = hosts ?? hostsOf(snapshot, target).filter((host) => !named.has(host));
    return { hosts: own.length, isReleased: at < released, inForce: own.filter(has).length };
  });
}

function isOver({ state }: RolloutRecord): boolean {
  return state === 'done' || state === 'returned';
}

function describeRollout(snapshot: Snapshot, list: StandingList, record: RolloutRecord, now: number): FleetRollout {
  const { id, target, state, reason, waves, releasedAt, driver } = record;
  const order = waves[0] === undefined ? undefined : orderOf(waves[0].signed);
  return {
    ...{ id, target, state, reason },
    what: order === undefined ? '-' : describeOrder(order),
    rings: isOver(record) ? [] : ringsOf(snapshot, list, record),
    releasedAt: releasedAt === 0 ? null : new Date(releasedAt).toISOString(),
    isDriven: state === 'running' && driver !== null && driver.until > now,
    waitsFor: state === 'running' && record.released > 0 ? judge(snapshot, record, now).reason : null,
  };
}

function rolloutRows(snapshot: Snapshot, list: StandingList, now: number): readonly FleetRollout[] {
  const records = [...snapshot.rollouts.values()].map(({ value }) => value);
  records.sort((a, b) => b.releasedAt - a.releasedAt);
  const open = records.filter((record) => !isOver(record));
  const shown = [...open, ...records.filter(isOver).slice(0, MOST_OVER)];
  return shown.map((record) => describeRollout(snapshot, list, record, now));
}

export function summarise(snapshot: Snapshot, list: StandingList, now: number): Omit<FleetSummary, 'unsigned'> {
  const states = Object.fromEntries(HOST_STATES.map((state) => [state, 0])) as Record<HostState, number>;
  for (const { state } of list.standings) states[state] += 1;
  return {
    total: list.standings.length,
    states,
    ordered: orderedText(snapshot, 'fleet'),
    groups: groupRows(snapshot, list),
    rollouts: rolloutRows(snapshot, list, now),
  };
}
