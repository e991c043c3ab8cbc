/** A front with many hosts: connecting, standing still, an order for all and for one, statuses, and a front that was killed. */
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../../src/base/assert.ts';
import { encodeBundle } from '../../src/fleet/bundle.ts';
import { giveOrder, orderedPolicy, publishPolicy } from '../../src/fleet/centre/change.ts';
import { takeSnapshot } from '../../src/fleet/centre/snapshot.ts';
import type { Target } from '../../src/fleet/fleet-names.ts';
import type { FrontStore } from '../../src/fleet/front-store.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Quantity, Subject } from '../figure.ts';
import { MIB, single } from '../figure.ts';
import type { StoreKind } from '../fleet/centre.ts';
import { Centre } from '../fleet/centre.ts';
import { issueIdentities } from '../fleet/certificates.ts';
import { now } from '../fleet/messages.ts';
import { Simulation } from '../fleet/simulation.ts';
import { FLEETS } from '../fleet/sizes.ts';
import { StatusWatch } from '../fleet/status-watch.ts';

/** Bytes of a policy, packed. */
const POLICY = 20_000;
/** Seconds: in this time every host gets a line that says nothing. */
const IDLE = 25;
/** Milliseconds for hosts to connect: the pauses between tries grow to five minutes. */
const PATIENCE = 900_000;
const MS = 1000;

/** One fleet and its figures. */
class Run {
  readonly figures: Figure[] = [];
  readonly #about: Omit<Subject, 'traffic'>;
  readonly #centre: Centre;

  constructor(about: Omit<Subject, 'traffic'>, centre: Centre) {
    this.#about = about;
    this.#centre = centre;
  }

  add(phase: string, what: Quantity, value: number): void {
    const note = what.quantity === 'front CPU' ? `load ${loadavg()[0]?.toFixed(1)}` : '';
    this.figures.push(single({ ...this.#about, traffic: phase }, { note, ...what }, value));
  }

  /** Times since a moment, by host. */
  addTimes(phase: string, times: readonly number[]): void {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): number => present(sorted[Math.ceil(share * sorted.length) - 1]);
    this.add(phase, { quantity: 'median', unit: 'ms' }, at(0.5));
    this.add(phase, { quantity: 'p99', unit: 'ms' }, at(0.99));
    this.add(phase, { quantity: 'all', unit: 's' }, at(1) / MS);
  }

  /** CPU time of front and store while something runs, and the memory of the front afterwards. */
  async measure<T>(phase: string, run: () => Promise<T>): Promise<T> {
    const { frontProcess, storeProcess } = this.#centre;
    const before = [frontProcess.cpu, storeProcess?.cpu ?? 0] as const;
    const result = await run();
    this.add(phase, { quantity: 'front CPU', unit: 's' }, frontProcess.cpu - before[0]);
    if (storeProcess !== undefined) this.add(phase, { quantity: 'etcd CPU', unit: 's' }, storeProcess.cpu - before[1]);
    this.add(phase, { quantity: 'front', unit: 'MiB' }, frontProcess.memory / MIB);
    return result;
  }
}

interface Fleet {
  readonly run: Run;
  readonly centre: Centre;
  readonly simulation: Simulation;
  readonly size: number;
}

/** From before the order is made until hosts have verified what it names; then until their status is in the store. */
async function push(
  { run, centre, simulation }: Fleet,
  store: FrontStore,
  phase: string,
  count: number,
): Promise<void> {
  const bundle = encodeBundle({ text: randomBytes(POLICY).toString('base64'), files: new Map() });
  const policy = orderedPolicy(await publishPolicy(store, 'edge', bundle, 'bench'));
  const snapshot = await takeSnapshot(store);
  using watch = new StatusWatch(store);
  const since = now();
  const patience = PATIENCE;
  const returns = simulation.returns;
  const { told, verified, reported, seen } = await run.measure(phase, async () => {
    const all = (['told', 'verified', 'reported'] as const).map((kind) =>
      simulation.heard({ kind, count, since, patience }),
    );
    const { order } = await giveOrder(store, snapshot, centre.key, {
      target: 'fleet',
      intent: { kind: 'policy', policy },
    });
    const [told, verified, reported] = await Promise.all(all);
    const seen = await watch.seen(order.seq, count);
    return { told: present(told), verified: present(verified), reported: present(reported), seen };
  });
  run.addTimes(
    `${phase}: order verified`,
    [...told.values()].map((at) => at - since),
  );
  run.addTimes(
    phase,
    [...verified.values()].map((at) => at - since),
  );
  if (simulation.isConfirming) {
    run.add(phase, { quantity: 'went back', unit: 'count' }, simulation.returns - returns);
    run.addTimes(
      `${phase}: waited`,
      [...verified].map(([host, at]) => at - present(simulation.begunAt.get(host))),
    );
  }
  // A host whose own order counts may have reported in the place of one of these.
  const delays = [...seen].map(([host, at]) => at - (reported.get(host) ?? Number.NaN));
  run.addTimes(
    `${phase}: status`,
    delays.filter((delay) => !Number.isNaN(delay)),
  );
}

/** An order for one host of many. */
async function pushToOne({ run, centre, simulation }: Fleet, store: FrontStore, host: string): Promise<void> {
  const bundle = encodeBundle({ text: randomBytes(POLICY).toString('base64'), files: new Map() });
  const policy = orderedPolicy(await publishPolicy(store, 'edge', bundle, 'bench'));
  const snapshot = await takeSnapshot(store);
  const since = now();
  const verified = simulation.heard({ kind: 'verified', count: 1, since, patience: PATIENCE });
  const target: Target = `host/${host}`;
  await giveOrder(store, snapshot, centre.key, { target, intent: { kind: 'policy', policy } });
  run.addTimes(
    'order for one',
    [...(await verified).values()].map((at) => at - since),
  );
}

/** All come back by the product's own pauses. */
async function killFront({ run, centre, simulation, size }: Fleet): Promise<void> {
  const since = now();
  await centre.killFront();
  const back = simulation.heard({ kind: 'connected', count: size, since, patience: PATIENCE });
  await centre.startFront();
  const times = [...(await run.measure('front killed', () => back)).values()].map((at) => at - since);
  run.addTimes('front killed', times);
}

async function connectAll(fleet: Fleet, before: number): Promise<void> {
  const { run, centre, simulation, size } = fleet;
  const since = now();
  const wanted = { kind: 'connected', count: size, since, patience: PATIENCE } as const;
  const times = [...(await run.measure('connect', () => simulation.heard(wanted))).values()];
  run.add('connect', { quantity: 'all', unit: 's' }, (Math.max(...times) - since) / MS);
  run.add('connect', { quantity: 'a host', unit: 'kB' }, (centre.frontProcess.memory - before) / size / 1000);
}

async function measureStore(policy: string, size: number, kind: StoreKind): Promise<readonly Figure[]> {
  await using centre = Centre.make(kind);
  const names = Array.from({ length: size }, (_, at) => `h${String(at).padStart(5, '0')}`);
  const { key, agents } = await issueIdentities(`${centre.folder}/pki`, names);
  await centre.addHosts(agents);
  await centre.startFront();
  const before = centre.frontProcess.memory;
  const tls = {
    ca: centre.read('front', 'ca.crt'),
    crl: centre.read('front', 'crl.pem'),
    key,
    minVersion: 'TLSv1.3',
  } as const;
  using simulation = new Simulation({ front: centre.front, tls, operators: centre.operators, agents });
  const run = new Run({ section: 'fleet', policy, size, subject: kind }, centre);
  const fleet: Fleet = { run, centre, simulation, size };
  await connectAll(fleet, before);
  await run.measure(`idle for ${IDLE} s`, () => sleep(IDLE * MS));
  {
    await using store = centre.operatorStore();
    await push(fleet, store, 'order for all', size);
    await push(fleet, store, 'again', size);
    await pushToOne(fleet, store, present(names[size >> 1]));
    simulation.confirm();
    // All but the one whose own order counts.
    await push(fleet, store, 'confirmed', size - 1);
  }
  await killFront(fleet);
  await using store = centre.operatorStore();
  await push(fleet, store, 'after the restart', size - 1);
  return run.figures;
}

export async function measureFleet(policy: string, _effort: Effort): Promise<readonly Figure[]> {
  const { hosts, stores } = present(FLEETS[policy], `no fleet ${policy}`);
  const figures: Figure[] = [];
  for (const kind of stores) figures.push(...(await measureStore(policy, hosts, kind)));
  return figures;
}
