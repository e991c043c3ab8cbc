/** What `apply`, and every verb that changes the assigned policy, has in common: from a policy to packets. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { LoadablePolicy } from '../compiler/loadable.ts';
import { loadableOf } from '../compiler/loadable.ts';
import type { ApplyOutcome } from '../engine/apply.ts';
import { applyPolicy } from '../engine/apply.ts';
import type { RequestedMode } from '../engine/attach.ts';
import { readAttachments } from '../engine/attachment.ts';
import type { HostAddresses } from '../policy/model.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import { compileForInterfaces } from './compile-policy.ts';
import type { PolicyFacts } from './compiled-cache.ts';
import { CompiledCache, factsOf, hostFrom } from './compiled-cache.ts';
import { endFilteringOn } from './end-filtering.ts';
import { addressTexts, findInterfaces, interfaceAddresses } from './host.ts';
import type { ReadyPolicy } from './options.ts';
import { readyPolicy } from './options.ts';
import { warn } from './output.ts';
import { filteredForRulesAlone, readOverlay, settleOverlay } from './overlay.ts';
import type { PolicyReference } from './policy-source.ts';

export interface PutInForceOptions {
  readonly mode: RequestedMode;
  readonly ingressOnly?: boolean | undefined;
  /** Everything up to the swap; nothing is stored either. */
  readonly dryRun?: boolean;
}

export interface InForce extends Pick<ApplyOutcome, 'generation' | 'notes'> {
  readonly policy: string;
  readonly hash: string;
  readonly interfaces: readonly string[];
}

/** A policy for a set of interfaces, compiled, and what to remember of it. */
export interface PreparedPolicy {
  readonly hash: string;
  readonly facts: PolicyFacts;
  readonly host: HostAddresses;
  /** By interface name. */
  readonly compiled: ReadonlyMap<string, LoadablePolicy>;
  /** Names of the rules that are dynamic. */
  readonly dynamic: readonly string[];
  /** To be kept in the cache, which has not all of it. */
  readonly fresh: boolean;
}

interface Targets {
  readonly names: readonly string[];
  /** Interfaces that nobody named, filtered for the sake of dynamic rules only. */
  readonly released: readonly string[];
}

/** One policy is assigned to a host: interfaces that are filtered already go along. */
function targetsOf(store: PolicyStore, named: readonly string[]): Targets {
  const attachments = readAttachments();
  const filtered = attachments.map((attachment) => attachment.name);
  if (!filteredForRulesAlone(store, attachments)) return { names: [...new Set([...named, ...filtered])], released: [] };
  return { names: [...new Set(named)], released: filtered.filter((name) => !named.includes(name)) };
}

/** Dynamic rules go with the policy that is assigned now, so with its interfaces. */
function release(names: readonly string[]): readonly string[] {
  for (const name of names) endFilteringOn(name);
  return names.map((name) => `${name} was filtered for dynamic rules only, and is no longer`);
}

export function openCache(store: PolicyStore): CompiledCache {
  return new CompiledCache(store.directory, (line) => warn(`warning: ${line}`));
}

/** The compiled forms of a policy whose text is not looked at; undefined where one is not in the cache. */
export function preparedFromCache(
  cache: CompiledCache,
  hash: string,
  devices: readonly NetworkInterface[],
): PreparedPolicy | undefined {
  const facts = cache.facts(hash);
  if (facts === undefined) return undefined;
  const host = hostFrom(facts, interfaceAddresses(devices));
  const compiled = new Map<string, LoadablePolicy>();
  for (const { name } of devices) {
    const found = cache.find(hash, facts, host, name);
    if (found === undefined) return undefined;
    compiled.set(name, found);
  }
  return { hash, facts, host, compiled, dynamic: [], fresh: false };
}

/** The same from a policy that was read: what is not in the cache is compiled. With dynamic rules it is not kept either. */
export function prepared(cache: CompiledCache, ready: ReadyPolicy, names: readonly string[]): PreparedPolicy {
  const { wholeHash: hash, policy, host, dynamic } = ready;
  const facts = factsOf(policy, host);
  const kept = new Map(names.map((name) => [name, cache.find(hash, facts, host, name)]));
  const missing = names.filter((name) => kept.get(name) === undefined);
  const fresh = compileForInterfaces(ready, missing);
  const compiled = new Map(
    names.map((name) => [name, kept.get(name) ?? loadableOf(present(fresh.get(name), name))] as const),
  );
  const isNew = missing.length > 0 || cache.facts(hash) === undefined;
  return { hash, facts, host, compiled, dynamic, fresh: isNew && dynamic.length === 0 };
}

export function swapIn(
  { hash, facts, host, compiled, dynamic }: PreparedPolicy,
  devices: readonly NetworkInterface[],
  { mode, ingressOnly, dryRun }: PutInForceOptions,
): ApplyOutcome {
  return applyPolicy({
    targets: devices.map((device) => ({ device, compiled: present(compiled.get(device.name), device.name) })),
    hash,
    mode,
    ingressOnly: ingressOnly === true,
    ...(facts.usesMe ? { me: addressTexts(host.me) } : {}),
    dynamic,
    now: new Date(),
    dryRun: dryRun === true,
  });
}

/** After the swap, so that traffic does not wait for the disk. */
export function remember(cache: CompiledCache, { hash, facts, host, compiled, fresh }: PreparedPolicy): void {
  if (fresh) cache.keep(hash, facts, host, compiled);
}

/** How it was attached, for whoever puts it in force next. */
export function attachingOf({ mode, ingressOnly }: PutInForceOptions): Pick<Assignment, 'mode' | 'ingressOnly'> {
  return ingressOnly === true ? { mode, ingressOnly } : { mode };
}

/**
 * Reads the policy argument, stores it, puts it in force on `interfaces` with the dynamic rules there are, and assigns
 * it. The caller holds the store's lock. The store is written first: what is in force can always be found there. The
 * assignment follows success: a failure leaves the old policy in force and assigned.
 */
export async function putInForce(
  store: PolicyStore,
  argument: PolicyReference,
  interfaces: readonly string[],
  options: PutInForceOptions,
): Promise<InForce> {
  const { names, released } = targetsOf(store, interfaces);
  const overlay = readOverlay(store);
  const devices = await findInterfaces(names);
  const ready = await readyPolicy(argument, () => interfaceAddresses(devices), overlay.rules);
  const { policy, hash, source } = ready;
  const version = options.dryRun === true ? undefined : store.write(policy.name, source);
  const cache = openCache(store);
  const found = prepared(cache, ready, names);
  const { generation, notes } = swapIn(found, devices, options);
  const said = [...notes];
  if (version !== undefined) {
    const at = new Date().toISOString();
    assignInForce(store, { policy: policy.name, version, hash, interfaces: names, ...attachingOf(options), at });
    said.push(...release(released), ...settleOverlay(store, overlay));
    remember(cache, found);
  }
  return { generation, notes: said, policy: policy.name, hash, interfaces: names };
}

/** What is in force is not taken back for a disk that is full: the next boot may be far. */
function assignInForce(store: PolicyStore, assignment: Assignment): void {
  try {
    store.assign(assignment);
  } catch (cause) {
    const { policy, version } = assignment;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(
      'XDPOL_E_ASSIGNMENT',
      `${policy} is in force, but the assignment could not be written: ${why}`,
      {
        help: `before the next boot, which would bring back what was assigned before: xdpol assign '${policy}' --version ${version}`,
        cause,
      },
    );
  }
}

/** A policy of the store, or one version of it. */
export interface StoredReference {
  readonly name: string;
  readonly version?: number | undefined;
}

/**
 * Puts a stored version in force and assigns it, without reading its text where its compiled form is
 * in the cache. DNS names are asked anew, which takes the text. The caller holds the store's lock.
 */
export async function assignStored(
  store: PolicyStore,
  { name, version }: StoredReference,
  interfaces: readonly string[],
  options: PutInForceOptions,
): Promise<InForce & { readonly version: number }> {
  const stored = store.read(name, version);
  if (stored === undefined) throw notStored(store, name, version);
  const { names, released } = targetsOf(store, interfaces);
  const overlay = readOverlay(store);
  const devices = await findInterfaces(names);
  const cache = openCache(store);
  const { hash } = stored;
  const kept = overlay.rules.length > 0 ? undefined : preparedFromCache(cache, hash, devices);
  const reference = { stored: name, version: stored.version };
  const found =
    kept !== undefined && kept.facts.names.length === 0
      ? kept
      : prepared(cache, await readyPolicy(reference, () => interfaceAddresses(devices), overlay.rules), names);
  const { generation, notes } = swapIn(found, devices, options);
  const at = new Date().toISOString();
  const attaching = attachingOf(options);
  assignInForce(store, { policy: name, version: stored.version, hash, interfaces: names, ...attaching, at });
  const said = [...notes, ...release(released), ...settleOverlay(store, overlay)];
  remember(cache, found);
  return { generation, notes: said, policy: name, version: stored.version, hash, interfaces: names };
}

export function notStored(store: PolicyStore, name: string, version?: number): EnvironmentError {
  const versions = version === undefined ? [] : store.versions(name).map((record) => record.version);
  if (versions.length > 0) {
    return new EnvironmentError('XDPOL_E_NOT_STORED', `${name} has no version ${version}`, {
      help: `it has: ${versions.join(', ')}`,
    });
  }
  const known = store.list();
  return new EnvironmentError('XDPOL_E_NOT_STORED', `there is no stored policy ${name}`, {
    help: known.length === 0 ? 'none is stored: xdpol apply POLICY -i INTERFACE' : `stored are: ${known.join(', ')}`,
  });
}
