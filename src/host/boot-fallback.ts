/** A boot that finds no policy it can put in force: the host stays open, or is closed, as the configuration says. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { applyPolicy } from '../engine/apply.ts';
import { matchesInterface } from '../policy/interface-pattern.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import type { PolicyStore } from '../store/store.ts';
import { CLOSED_POLICY, closedPolicy } from './closed-policy.ts';
import type { HostConfig } from './config.ts';
import type { HostContext } from './context.ts';
import { namesOf } from './host-addresses.ts';
import { ethernetInterfaces } from './interfaces.ts';
import { readKnownHost, recallNames } from './last-known.ts';
import type { RestoredPolicy } from './restore-intended.ts';
import { filterAsTheyAppear } from './restore-intended.ts';

/** `why` is what kept the policy from coming in force; `path` is the configuration's. */
export function failOpen(why: Error, path: string): EnvironmentError {
  const help = why instanceof EnvironmentError && why.help !== undefined ? `${why.help}; ` : '';
  return new EnvironmentError('XDPOL_E_OPEN', `this host is open: nothing is filtered, because ${why.message}`, {
    help: `${help}to have such a boot let through only protected traffic, write in ${path}: boot: closed`,
    cause: why,
  });
}

/** Protected traffic and what keeps a host in its network passes, nothing else does. */
export async function failClosed({ store }: HostContext, config: HostConfig, wait: number): Promise<RestoredPolicy> {
  const wanted = await interfacesToClose(store, config);
  const policy = closedPolicy(config.protect);
  const wantedNames = [...namesOf(policy).keys()];
  const { names: known } = recallNames(wantedNames, readKnownHost(store), new Map(), new Date());
  const host = { me: [], broadcasts: [], names: new Map(wantedNames.map((name) => [name, known.get(name) ?? []])) };
  const restored = await filterAsTheyAppear(wanted, wait, (devices) => close(policy, host, devices));
  return { policy: CLOSED_POLICY, version: null, ...restored };
}

async function close(
  policy: Policy,
  host: HostAddresses,
  devices: readonly NetworkInterface[],
): Promise<{ generation: number; notes: readonly string[] }> {
  const { compileFor } = await import('./compile-policy.ts');
  const compiled = compileFor({ policy, host, diags: new Diagnostics() }, undefined);
  return applyPolicy({
    targets: devices.map((device) => ({ device, compiled })),
    hash: CLOSED_POLICY,
    mode: 'auto',
    now: new Date(),
  });
}

/** Those of the last assignment, else those that the configuration names, else every one that has Ethernet frames. */
async function interfacesToClose(store: PolicyStore, { interfaces: patterns }: HostConfig): Promise<readonly string[]> {
  const last = unlessUnreadable(() => store.lastAssignment())?.interfaces ?? [];
  if (last.length > 0) return last;
  const all = await ethernetInterfaces();
  const configured = all.filter((name) => patterns.some((pattern) => matchesInterface(pattern, name)));
  return configured.length > 0 ? configured : all;
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}
