/** A fleet for a process that lasts, such as the one behind the fleet's console: it is followed, and rollouts are driven. */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  FleetDone,
  FleetHostPage,
  FleetHostsQuery,
  FleetPolicies,
  FleetPreview,
  FleetPreviewRequest,
  FleetRolloutRequest,
  FleetSummary,
} from '../../api/fleet-console.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import type { Target } from '../fleet-names.ts';
import { isTarget } from '../fleet-names.ts';
import type { FleetStore } from '../fleet-store.ts';
import { PREFIXES } from '../record-keys.ts';
import { parseRecord, readPolicyRecord } from '../records.ts';
import type { SigningKey } from '../signing.ts';
import { findPolicy, fleetError, giveOrder, orderedPolicy, requireKnown } from './change.ts';
import { describeOrder } from './describe.ts';
import { driveRollout } from './drive.ts';
import type { StandingList } from './fleet-view.ts';
import { listStandings, pageOfHosts, summarise } from './fleet-view.ts';
import { FollowedSnapshot } from './followed-snapshot.ts';
import { findWayBack, resumeRollout, returnRollout, stopRollout } from './open-rollouts.ts';
import type { Ring } from './rollout.ts';
import { beginRollout, planRings, readRings } from './rollout.ts';
import type { Snapshot } from './snapshot.ts';
import { hostsOf } from './snapshot.ts';

/** Milliseconds between looks at the hosts of a rollout. */
const INTERVAL = 1000;
/** Milliseconds until a write comes back, at most, and between looks for it. */
const MOST_DELAY = 5000;
const LOOK = 20;
/** Milliseconds for which how hosts stand is right while no record changes: silence comes by itself. */
const STANDINGS_LIFE = 5000;

export interface DeskOptions {
  readonly store: FleetStore;
  /** Throws where nothing can be signed here. */
  readonly readKey: () => SigningKey;
  /** Told of what goes wrong with rollouts that are driven here. */
  readonly warn: (message: string) => void;
}

function requireTarget(text: string): Target {
  if (isTarget(text)) return text;
  throw fleetError(`"${text}" is no target`, 'write fleet, group/NAME or host/NAME');
}

function requireRings(text: string): readonly Ring[] {
  const rings = readRings(text);
  if (rings !== undefined) return rings;
  throw fleetError(`"${text}" are no rings`, 'write "1, 1%, 10%, all"; the last one is all');
}

export class FleetDesk implements AsyncDisposable {
  readonly #options: DeskOptions;
  readonly #followed: FollowedSnapshot;
  readonly #stop = new AbortController();
  /** By the id of the rollout. */
  readonly #driven = new Map<string, Promise<void>>();
  #list:
    | { readonly snapshot: Snapshot; readonly version: number; readonly at: number; readonly list: StandingList }
    | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#followed = new FollowedSnapshot(options.store);
  }

  async summary(): Promise<FleetSummary> {
    const { snapshot, list } = await this.#look();
    return { ...summarise(snapshot, list, Date.now()), unsigned: this.#whyUnsigned() };
  }

  async hosts(query: FleetHostsQuery): Promise<FleetHostPage> {
    const { snapshot, list } = await this.#look();
    return pageOfHosts(snapshot, list, query);
  }

  async policies(): Promise<FleetPolicies> {
    const { entries } = await this.#options.store.list(PREFIXES.policies);
    const records = entries.flatMap(({ key, value }) =>
      key.endsWith('/head') ? [] : (readPolicyRecord(parseRecord(value)) ?? []),
    );
    const names = [...new Set(records.map(({ name }) => name))].sort();
    const policies = names.map((name) => {
      const versions = records.filter((record) => record.name === name).sort((a, b) => b.version - a.version);
      return {
        name,
        versions: versions.map(({ version, published, by }) => {
          return { version, published: new Date(published).toISOString(), by };
        }),
      };
    });
    return { policies };
  }

  async preview({ target: text, rings }: FleetPreviewRequest): Promise<FleetPreview> {
    const target = requireTarget(text);
    const { snapshot, list } = await this.#look();
    requireKnown(snapshot, target);
    const hosts = hostsOf(snapshot, target);
    const before = snapshot.orders.policy.get(target)?.value.order;
    const isElsewhere = (host: string): boolean => {
      const ordered = list.byHost.get(host)?.ordered?.target;
      return ordered !== undefined && ordered !== target && !isWider(ordered, target);
    };
    const head = {
      hosts: hosts.length,
      elsewhere: hosts.filter(isElsewhere).length,
      ordered: before === undefined ? null : describeOrder(before),
    };
    if (rings === undefined) return { ...head, ...(await this.#wayBack(snapshot, target, hosts)) };
    const planned = planRings('preview', hosts, requireRings(rings));
    const named = planned.reduce((sum, ring) => sum + (ring?.length ?? 0), 0);
    return { ...head, rings: planned.map((ring) => ring?.length ?? hosts.length - named), back: null };
  }

  /** Begins it, and drives it while this process lasts. */
  async rollOut({ target, policy, version, rings, ...gates }: FleetRolloutRequest): Promise<FleetDone> {
    const { store } = this.#options;
    const intent = { kind: 'policy', policy: orderedPolicy(await findPolicy(store, policy, version)) } as const;
    const plan = {
      target: requireTarget(target),
      intent,
      rings: requireRings(rings),
      gates: { ...gates, probe: null },
    };
    const snapshot = await this.#followed.now();
    const { id } = await beginRollout(store, this.#options.readKey(), plan, snapshot);
    await this.#untilKnown(({ rollouts }) => rollouts.has(id));
    this.#drive(id);
    return { rollout: id, hosts: hostsOf(snapshot, plan.target).length };
  }

  async stop(id: string): Promise<FleetDone> {
    const { state } = await stopRollout(this.#options.store, id);
    await this.#untilKnown(({ rollouts }) => rollouts.get(id)?.value.state === state);
    await this.#driven.get(id);
    return { rollout: id, hosts: 0 };
  }

  async resume(id: string): Promise<FleetDone> {
    const { state } = await resumeRollout(this.#options.store, id, null);
    await this.#untilKnown(({ rollouts }) => rollouts.get(id)?.value.state === state);
    this.#drive(id);
    return { rollout: id, hosts: 0 };
  }

  async rollBack({ target: text }: { readonly target: string }): Promise<FleetDone> {
    const { store } = this.#options;
    const target = requireTarget(text);
    const snapshot = await this.#followed.now();
    const way = await findWayBack(store, snapshot, target);
    if ('rollout' in way) {
      const { id } = way.rollout.value;
      const { state } = await returnRollout(store, id);
      await this.#untilKnown(({ rollouts }) => rollouts.get(id)?.value.state === state);
      return { rollout: id, hosts: hostsOf(snapshot, target).length };
    }
    const { hosts } = await giveOrder(store, snapshot, this.#options.readKey(), { target, intent: way.intent });
    return { rollout: null, hosts: hosts.length };
  }

  /** Rollouts that are driven here are let go of, and run on as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#driven.values());
    this.#followed[Symbol.dispose]();
  }

  async #look(): Promise<{ readonly snapshot: Snapshot; readonly list: StandingList }> {
    const snapshot = await this.#followed.now();
    const { version } = this.#followed;
    const last = this.#list;
    const isSame = last?.snapshot === snapshot && last.version === version && Date.now() - last.at < STANDINGS_LIFE;
    if (last !== undefined && isSame) return last;
    this.#list = { snapshot, version, at: Date.now(), list: listStandings(snapshot, Date.now()) };
    return this.#list;
  }

  /** What was written comes back as what is followed. Where it does not for a while, the next look shows it. */
  async #untilKnown(isKnown: (snapshot: Snapshot) => boolean): Promise<void> {
    for (const end = Date.now() + MOST_DELAY; Date.now() < end; await sleep(LOOK)) {
      if (isKnown(await this.#followed.now())) return;
    }
  }

  async #wayBack(
    snapshot: Snapshot,
    target: Target,
    hosts: readonly string[],
  ): Promise<Pick<FleetPreview, 'rings' | 'back'>> {
    const way = await findWayBack(this.#options.store, snapshot, target);
    if ('intent' in way) {
      const { intent } = way;
      const back = intent.kind === 'policy' ? `${intent.policy.name}@${intent.policy.version}` : null;
      return { rings: [hosts.length], back };
    }
    const { waves, released } = way.rollout.value;
    const out = waves.slice(0, released);
    const isAll = out.some((wave) => wave.hosts === null);
    const reached = isAll ? hosts.length : out.reduce((sum, wave) => sum + (wave.hosts?.length ?? 0), 0);
    const order = snapshot.orders.policy.get(target)?.value.order;
    return { rings: [reached], back: order === undefined ? null : describeOrder(order) };
  }

  #whyUnsigned(): FleetSummary['unsigned'] {
    try {
      this.#options.readKey();
      return null;
    } catch (error) {
      const help = error instanceof EnvironmentError ? (error.help ?? null) : null;
      return { message: messageOf(error), help };
    }
  }

  #drive(id: string): void {
    if (this.#driven.has(id)) return;
    const { store, warn } = this.#options;
    const driving = {
      probe: null,
      interval: INTERVAL,
      isReturned: true,
      told: () => undefined,
      troubled: (failure: EnvironmentError) => warn(`${id}: ${failure.message}; it is tried again`),
      followed: this.#followed,
      stop: this.#stop.signal,
    };
    const running = driveRollout(store, id, driving)
      .then(() => undefined)
      .catch((error: unknown) => warn(`${id} is not driven any more: ${messageOf(error)}`))
      .finally(() => this.#driven.delete(id));
    this.#driven.set(id, running);
  }
}

/** Is what is ordered for the first target only what counts where the second has no order? */
function isWider(target: Target, than: Target): boolean {
  const width = (text: Target): number => (text === 'fleet' ? 2 : text.startsWith('group/') ? 1 : 0);
  return width(target) > width(than);
}
