/** What `apply`, and every verb that changes the assigned policy, has in common: from a policy to packets. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { ApplyOutcome } from '../engine/apply.ts';
import { applyPolicy } from '../engine/apply.ts';
import type { RequestedMode } from '../engine/attachment.ts';
import { readAttachments } from '../engine/attachment.ts';
import type { PolicyStore } from '../store/store.ts';
import { compileForInterfaces } from './compile-policy.ts';
import { findInterfaces, interfaceAddresses } from './host.ts';
import type { ReadyPolicy } from './options.ts';
import { readyPolicy } from './options.ts';
import type { PolicyReference } from './policy-source.ts';

export interface PutInForceOptions {
  readonly mode: RequestedMode;
  /** Everything up to the swap; nothing is stored either. */
  readonly dryRun?: boolean;
}

export interface InForce extends ApplyOutcome {
  readonly policy: string;
  readonly hash: string;
  readonly interfaces: readonly string[];
}

/** One policy is assigned to a host: interfaces that are filtered already go along. */
function withFiltered(names: readonly string[]): readonly string[] {
  return [...new Set([...names, ...readAttachments().map((attachment) => attachment.name)])];
}

function swapIn(ready: ReadyPolicy, devices: readonly NetworkInterface[], options: PutInForceOptions): ApplyOutcome {
  const names = devices.map((device) => device.name);
  const compiled = compileForInterfaces(ready, names);
  return applyPolicy({
    targets: devices.map((device) => ({ device, compiled: present(compiled.get(device.name)) })),
    hash: ready.hash,
    mode: options.mode,
    now: new Date(),
    dryRun: options.dryRun === true,
  });
}

/**
 * Reads the policy argument, stores it, puts it in force on `interfaces` and assigns it. The caller
 * holds the store's lock. The store is written first: what is in force can always be found there.
 * The assignment follows success: a failure leaves the old policy in force and assigned.
 */
export async function putInForce(
  store: PolicyStore,
  argument: PolicyReference,
  interfaces: readonly string[],
  options: PutInForceOptions,
): Promise<InForce> {
  const names = withFiltered(interfaces);
  const devices = await findInterfaces(names);
  const ready = await readyPolicy(argument, () => interfaceAddresses(devices));
  const { policy, hash, source } = ready;
  const version = options.dryRun === true ? undefined : store.write(policy.name, source);
  const outcome = swapIn(ready, devices, options);
  if (version !== undefined) {
    const at = new Date().toISOString();
    store.assign({ policy: policy.name, version, hash, interfaces: names, mode: options.mode, at });
  }
  return { ...outcome, policy: policy.name, hash, interfaces: names };
}
