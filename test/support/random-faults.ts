/** Faults of a fleet that are drawn by chance while a rollout runs. Each lasts as long as it is told, and is undone. */
import { present } from '../../src/base/assert.ts';
import type { Random } from '../../src/base/random.ts';
import { putBlob } from '../../src/fleet/blobs.ts';
import { findPolicy } from '../../src/fleet/centre/change.ts';
import { runningRollout, takeSnapshot } from '../../src/fleet/centre/snapshot.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import { encodeSigned } from '../../src/fleet/signing.ts';
import type { FleetOfProcesses } from './fleet-of-processes.ts';

export interface Fault {
  readonly what: string;
  readonly begin: () => Promise<void> | void;
  /** Undoes it. */
  readonly end: () => Promise<void> | void;
}

type Draw = (fleet: FleetOfProcesses, random: Random) => Fault;

const MEMBERS = [0, 1, 2];
const FRONTS = [0, 1];
const none = (): void => undefined;

const killedMember: Draw = ({ cluster }, random) => {
  const member = random.pick(MEMBERS);
  return { what: `member ${member} killed`, begin: () => cluster.kill(member), end: () => cluster.begin(member) };
};

const stillMember: Draw = ({ cluster }, random) => {
  const member = random.pick(MEMBERS);
  return {
    what: `member ${member} stands still`,
    begin: () => cluster.stop(member),
    end: () => cluster.goOn(member),
  };
};

const cutMember: Draw = ({ cluster }, random) => {
  const member = random.pick(MEMBERS);
  return { what: `member ${member} cut off`, begin: () => cluster.cut(member), end: () => cluster.heal() };
};

const killedFront: Draw = (fleet, random) => {
  const front = random.pick(FRONTS);
  return {
    what: `front ${front} killed`,
    begin: () => fleet.killFront(front),
    end: () => fleet.startFront(front),
  };
};

const stillFront: Draw = (fleet, random) => {
  const front = random.pick(FRONTS);
  return {
    what: `front ${front} stands still`,
    begin: () => fleet.signalFront(front, 'SIGSTOP'),
    end: () => fleet.signalFront(front, 'SIGCONT'),
  };
};

const cutFront: Draw = ({ toEtcd, toFronts }, random) => {
  const front = random.pick(FRONTS);
  const isFromHosts = random.below(2) === 0;
  const ways = isFromHosts ? toFronts.map((relays) => present(relays[front])) : present(toEtcd[front]);
  return {
    what: `front ${front} cut off from ${isFromHosts ? 'the hosts' : 'etcd'}`,
    begin: () => {
      for (const way of ways) way.cut();
    },
    end: () => {
      for (const way of ways) way.heal();
    },
  };
};

const cutMachine: Draw = ({ machines, toFronts }, random) => {
  const machine = random.pick(machines);
  const ways = present(toFronts[machine]);
  return {
    what: `machine ${machine} cut off`,
    begin: () => {
      for (const way of ways) way.cut();
    },
    end: () => {
      for (const way of ways) way.heal();
    },
  };
};

const killedMachine: Draw = (fleet, random) => {
  const machine = random.pick(fleet.machines);
  return {
    what: `machine ${machine} killed`,
    begin: () => fleet.killMachine(machine),
    end: () => fleet.startMachine(machine),
  };
};

const compaction: Draw = (fleet) => ({
  what: 'compaction',
  begin: async () => {
    const revision = (await fleet.answered(async () => await fleet.admin.list(KEYS.epoch))).revision;
    await fleet.cluster.ctl(fleet.cluster.urls, 'compaction', String(revision)).catch(none);
  },
  end: none,
});

const damagedBlob: Draw = (fleet) => {
  const { admin } = fleet;
  const newest = async (): ReturnType<typeof findPolicy> =>
    await fleet.answered(async () => await findPolicy(admin, 'web', undefined));
  return {
    what: 'blob damaged',
    begin: async () => {
      const key = KEYS.blobPart((await newest()).sha256, 0);
      const whole = present(await fleet.answered(async () => await admin.get(key)));
      const value = Buffer.from(whole.value).fill(0x5a, 12, 20);
      await fleet.answered(async () => await admin.put([{ key, value, ifRevision: whole.revision }]));
    },
    end: async () => {
      const bundle = fleet.bundleOf(await newest());
      await fleet.answered(async () => await putBlob(admin, bundle));
    },
  };
};

/** A thief of the store puts an order that was signed for others where a host is told it. */
const foreignOrder: Draw = (fleet, random) => {
  const { admin } = fleet;
  const isOfMail = random.below(2) === 0;
  const { name } = random.pick(fleet.hostsIn('web'));
  const key = KEYS.order('policy', `host/${name}`);
  const revision = async (): Promise<number> => (await admin.get(key))?.revision ?? 0;
  return {
    what: `an order ${isOfMail ? 'of mail' : 'of another ring'} is given to ${name}`,
    begin: async () => {
      const snapshot = await fleet.answered(async () => await takeSnapshot(admin));
      const waves = runningRollout(snapshot, 'group/web')?.value.waves ?? [];
      const ofOthers = waves.find(({ hosts }) => hosts !== null && !hosts.includes(name))?.signed;
      const ofMail = present(snapshot.orders.policy.get('group/mail')).value.signed;
      const value = encodeSigned(isOfMail ? ofMail : (ofOthers ?? ofMail));
      await fleet.answered(async () => await admin.put([{ key, value, ifRevision: await revision() }]));
    },
    end: async () => {
      await fleet.answered(async () => await admin.put([{ key, value: undefined, ifRevision: await revision() }]));
    },
  };
};

const DRAWS: readonly Draw[] = [
  ...[killedMember, stillMember, cutMember, killedFront, stillFront, cutFront],
  ...[cutMachine, killedMachine, compaction, damagedBlob, foreignOrder],
];

/** One or two of different kinds. */
export function drawFaults(fleet: FleetOfProcesses, random: Random): readonly Fault[] {
  const first = random.pick(DRAWS);
  const second = random.below(2) === 0 ? undefined : random.pick(DRAWS.filter((draw) => draw !== first));
  return [first, ...(second === undefined ? [] : [second])].map((draw) => draw(fleet, random));
}
