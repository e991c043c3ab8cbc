/** From a policy that is wanted to tables that can be put in force: from the cache where it has them, else compiled. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Address } from '../base/ip.ts';
import type { Omitted } from '../compiler/analysis/warnings.ts';
import type { LoadablePolicy } from '../compiler/loadable.ts';
import { cpuMilliseconds } from '../engine/cpu-time.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import type { PolicyOutline } from '../policy/outline.ts';
import { outlineOf } from '../policy/outline.ts';
import type { PolicyTestOptions } from '../policy/policy-tests.ts';
import type { DynamicRule, PolicyText } from '../store/store.ts';
import type { PolicyFacts } from './compiled-cache.ts';
import { CompiledCache, factsOf } from './compiled-cache.ts';
import type { HostContext, Report } from './context.ts';
import type { PresentPacket } from './guard/present-packets.ts';
import type { Guard } from './guard/require-traffic.ts';
import { broadcastsOf, namesOf } from './host-addresses.ts';
import { HostMemory } from './host-memory.ts';
import { LOOPBACK } from './interfaces.ts';
import { isLarge, keepOutline } from './kept-outline.ts';
import type { PolicyInput } from './policy-input.ts';
import type { ReadyPolicy } from './ready-policy.ts';
import type { Protected } from './require-protected.ts';

/** A policy that is to be in force, not read yet. */
export interface WantedPolicy {
  /** undefined: the dynamic rules alone. */
  readonly input: PolicyInput | undefined;
  /** Of a stored version: its compiled form is looked for before its text is read. */
  readonly hash?: string | undefined;
  /** Dynamic rules that go with it. */
  readonly rules: readonly DynamicRule[];
  /**
   * DNS names: asked anew; or with the answers they had last, where a name that has none matches nothing (`remembered`), or
   * is asked for and must have one (`completed`).
   */
  readonly names: 'asked' | 'remembered' | 'completed';
  /** Its tests must hold. A boot does not ask: a host that is open is worse than a test that fails. */
  readonly tests?: PolicyTestOptions | undefined;
  /** Traffic that it must permit. A boot does not ask either. */
  readonly protect?: Protected | undefined;
  /** It must not cut the host off from itself. */
  readonly keepsLoopback?: boolean | undefined;
  /** What the host does now must go on. Neither does a boot. */
  readonly guard?: Guard | undefined;
  /** What the analysis says of it is wanted. */
  readonly isAnalysed?: boolean | undefined;
}

/** A policy for a set of interfaces, compiled, and what to remember of it. */
export interface PreparedPolicy {
  /** The policy's name. */
  readonly policy: string;
  /** Of what was compiled, dynamic rules included. */
  readonly hash: string;
  /** Of the text and its set files. */
  readonly textHash: string;
  /** undefined where the text was not read. */
  readonly source: PolicyText | undefined;
  readonly facts: PolicyFacts;
  readonly host: HostAddresses;
  /** Names that were asked for now, with their answers, those in protected traffic too. */
  readonly answers: ReadonlyMap<string, readonly Address[]>;
  /** What it was made with that the host does not know at the moment, a sentence each. */
  readonly recalled: readonly string[];
  /** By interface name. */
  readonly compiled: ReadonlyMap<string, LoadablePolicy>;
  /** Names of the rules that are dynamic. */
  readonly dynamic: readonly string[];
  /** The cache has not all of it, and may. */
  readonly isNew: boolean;
  /** Of a large policy that is new. */
  readonly outline: PolicyOutline | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Findings of the analysis that are not among the diagnostics one by one. */
  readonly omitted: readonly Omitted[];
}

function openCache({ store, report }: HostContext): CompiledCache {
  return new CompiledCache(store.directory, (text) => report({ kind: 'warning', text }));
}

/** Throws PolicyRejected where the policy has errors. */
export async function preparePolicy(
  context: HostContext,
  wanted: WantedPolicy,
  devices: readonly NetworkInterface[],
): Promise<PreparedPolicy> {
  const { input, hash, rules, names, tests, protect, keepsLoopback = false, guard, isAnalysed = false } = wanted;
  const cache = openCache(context);
  const memory = new HostMemory(context, devices);
  const facts = hash === undefined ? undefined : cache.facts(hash);
  const cached =
    hash !== undefined && facts !== undefined && rules.length === 0
      ? findCached(cache, { hash, facts }, memory, devices)
      : undefined;
  const isAsking = names === 'asked' && cached !== undefined && cached.facts.names.length > 0;
  const isProtecting = protect !== undefined && protect.filters.length > 0;
  const isTested = tests !== undefined && cached?.facts.hasTests === true;
  const loopback = keepsLoopback ? devices.find(({ name }) => name === LOOPBACK) : undefined;
  const traffic = guard === undefined ? [] : await trafficOf(context, devices, guard);
  const isGuarding = guard !== undefined && traffic.length > 0;
  const isJudged = isTested || isProtecting || isGuarding || loopback !== undefined;
  if (cached !== undefined && !isAsking && !isJudged) return cached;
  // Loaded when a text is read: the reader and its schema take longer to load than a cached policy to be swapped in.
  const { readyPolicy } = await import('./ready-policy.ts');
  const answers = (policy: Policy) => memory.namesOf(namesOf(policy).keys(), facts);
  const known = names === 'asked' ? undefined : { answers, mayLack: names === 'remembered' };
  const ready = await readyPolicy(context, input, () => memory.me, rules, known);
  if (tests !== undefined) {
    const { requireTests } = await import('./require-tests.ts');
    requireTests(ready, tests);
  }
  if (isProtecting) {
    const { requireProtected } = await import('./require-protected.ts');
    memory.answered(await requireProtected(ready, protect, devices));
  }
  if (loopback !== undefined) {
    const { requireLoopback } = await import('./require-loopback.ts');
    requireLoopback(ready, loopback);
  }
  if (isGuarding) {
    const { requireTraffic } = await import('./guard/require-traffic.ts');
    requireTraffic(context, ready, traffic, guard);
  }
  memory.answered(ready.host.names);
  const prepared = await compileReady(cache, ready, memory, devices, context.report);
  if (!isAnalysed) return prepared;
  const { warnOfPolicy } = await import('./policy-warnings.ts');
  return { ...prepared, ...(await warnOfPolicy(context, ready, devices)) };
}

async function trafficOf(
  context: HostContext,
  devices: readonly NetworkInterface[],
  guard: Guard,
): Promise<readonly PresentPacket[]> {
  const { gatherTraffic } = await import('./guard/require-traffic.ts');
  return await gatherTraffic(context, devices, guard);
}

/** The compiled forms of a policy whose text is not looked at; undefined where one is not in the cache. */
function findCached(
  cache: CompiledCache,
  { hash, facts }: { readonly hash: string; readonly facts: PolicyFacts },
  memory: HostMemory,
  devices: readonly NetworkInterface[],
): PreparedPolicy | undefined {
  const { me } = memory;
  const names = memory.namesOf(
    facts.names.map(([name]) => name),
    facts,
  );
  const host = { me, broadcasts: broadcastsOf(me), names };
  const compiled = new Map<string, LoadablePolicy>();
  for (const { name } of devices) {
    const found = cache.find(hash, facts, host, name);
    if (found === undefined) return undefined;
    compiled.set(name, found);
  }
  const { policy } = facts;
  const nothing = {
    source: undefined,
    outline: undefined,
    dynamic: [],
    isNew: false,
    diagnostics: [],
    omitted: [],
  } as const;
  const remembered = { answers: memory.answers, recalled: memory.notesOn(facts, host) };
  return { policy, hash, textHash: hash, facts, host, compiled, ...remembered, ...nothing };
}

/** What is not in the cache is compiled. With dynamic rules it is not kept either. */
async function compileReady(
  cache: CompiledCache,
  ready: ReadyPolicy,
  memory: HostMemory,
  devices: readonly NetworkInterface[],
  report: Report,
): Promise<PreparedPolicy> {
  const { wholeHash: hash, policy, host, dynamic, source, diags } = ready;
  const facts = factsOf(policy, host);
  const names = devices.map(({ name }) => name);
  const kept = new Map(names.map((name) => [name, cache.find(hash, facts, host, name)]));
  const missing = names.filter((name) => kept.get(name) === undefined);
  const { compileForInterfaces } = await import('./compile-policy.ts');
  const { loadableOf } = await import('../compiler/loadable.ts');
  const fresh = compileForInterfaces(ready, missing, report);
  const compiled = new Map(
    names.map((name) => [name, kept.get(name) ?? loadableOf(present(fresh.get(name), name), cpuMilliseconds)] as const),
  );
  const isNew = dynamic.length === 0 && (missing.length > 0 || cache.facts(hash) === undefined);
  const outline = isNew && isLarge(policy) ? outlineOf(policy) : undefined;
  const made = { hash, textHash: ready.hash, source, outline, facts, host, compiled, dynamic, isNew };
  const remembered = { answers: memory.answers, recalled: memory.notesOn(facts, host) };
  return { policy: policy.name, ...made, ...remembered, diagnostics: diags.all, omitted: [] };
}

/** After the swap, so that traffic does not wait for the disk. */
export function rememberCompiled(context: HostContext, prepared: PreparedPolicy): void {
  const { hash, facts, host, compiled, isNew, outline } = prepared;
  if (isNew) openCache(context).keep(hash, facts, host, compiled);
  if (outline !== undefined) keepOutline(context, hash, outline);
}
