/** Putting in force what should be, on the interfaces that are there and those that appear. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { DIRECTIONS } from '../engine/program.ts';
import { readAttachments } from '../engine/survey.ts';
import type { DynamicRule } from '../store/store.ts';
import type { HostContext } from './context.ts';
import type { IntendedPolicy } from './intended-policy.ts';
import { changeTo, readIntended } from './intended-policy.ts';
import { devicesMeantBy, namesNotThere, presentInterfaces } from './interfaces.ts';
import { putInForce } from './put-in-force.ts';

export interface RestoredPolicy {
  readonly policy: string;
  /** null where no policy is assigned. */
  readonly version: number | null;
  /** null where no interface was there to be filtered. */
  readonly generation: number | null;
  readonly interfaces: readonly string[];
  /** Of the assignment, and not there. */
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}

const POLL_MS = 100;

/**
 * Filters the interfaces that are there at once, and the others as they appear, for up to `wait`
 * seconds. The caller holds the store's lock.
 */
export async function restoreIntended(
  context: HostContext,
  intended: IntendedPolicy,
  rules: readonly DynamicRule[],
  wait: number,
): Promise<RestoredPolicy> {
  const { policy, stored, interfaces } = intended;
  const restored = await filterAsTheyAppear(interfaces, wait, async (devices) => {
    if (intended.confirm !== undefined) await putAssignedBehind(context, devices, rules);
    const { generation, notes, lacksAddresses } = await putInForce(context, changeTo(intended, devices, rules));
    const names = devices.map(({ name }) => name);
    return { generation, notes: lacksAddresses ? [...notes, noteNoAddresses(names)] : notes };
  });
  return { policy, version: stored?.version ?? null, ...restored };
}

/** `filter` filters all devices that it is given, also those that it was given before. */
export async function filterAsTheyAppear(
  wanted: readonly string[],
  wait: number,
  filter: (devices: readonly NetworkInterface[]) => Promise<{ generation: number; notes: readonly string[] }>,
): Promise<Omit<RestoredPolicy, 'policy' | 'version'>> {
  const deadline = performance.now() + 1000 * wait;
  let done: Omit<RestoredPolicy, 'policy' | 'version'> = {
    generation: null,
    interfaces: [],
    missing: namesNotThere(wanted, []),
    notes: [],
  };
  for (;;) {
    const devices = await presentInterfaces(wanted);
    if (devices.length > done.interfaces.length) {
      const { generation, notes } = await filter(devices);
      const interfaces = devices.map(({ name }) => name);
      const missing = namesNotThere(wanted, devices);
      done = { generation, interfaces, missing, notes: [...new Set([...done.notes, ...notes])] };
    }
    if (done.missing.length === 0 || performance.now() >= deadline) return done;
    await sleep(POLL_MS);
  }
}

/**
 * An interface that lost its filter while another policy waits to be confirmed gets the assigned one first: that is what
 * must come back there.
 */
async function putAssignedBehind(
  context: HostContext,
  devices: readonly NetworkInterface[],
  rules: readonly DynamicRule[],
): Promise<void> {
  const assignment = context.store.assignment();
  if (assignment === undefined) return;
  const wanted = assignment.ingressOnly === true ? 1 : DIRECTIONS.length;
  const filtered = readAttachments().filter(({ hooks }) => hooks.length >= wanted);
  const isLost = ({ name }: NetworkInterface): boolean => !filtered.some((attachment) => attachment.name === name);
  const lost = devicesMeantBy(assignment.interfaces, devices).filter(isLost);
  if (lost.length > 0) await putInForce(context, changeTo(readIntended(assignment), lost, rules));
}

function noteNoAddresses(interfaces: readonly string[]): string {
  return `${interfaces.join(', ')} has no address yet and none is known: filters with me match nothing until the agent or xdpol restore finds one`;
}
