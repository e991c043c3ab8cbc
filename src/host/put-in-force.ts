/** The one way from a policy to packets: prepare, write what must not be lost, swap, settle the rest. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Omitted } from '../compiler/analysis/warnings.ts';
import type { ApplyRequest, ConfirmRequest, ApplyOutcome as SwapOutcome } from '../engine/apply.ts';
import { applyPolicy as swapPrograms } from '../engine/apply.ts';
import type { RequestedMode } from '../engine/attach.ts';
import { unmarkEndedOnPurpose } from '../engine/bpffs.ts';
import { matchesInterface } from '../policy/interface-pattern.ts';
import type { Assignment } from '../store/store.ts';
import type { ChangeDetails } from './change-details.ts';
import type { HostContext } from './context.ts';
import { addressTexts, namesAsTexts } from './host-addresses.ts';
import { keepKnownHost, readKnownHost, withAnswers, withInterfaces } from './last-known.ts';
import { declareSets, liveClassesIn, rehearseSets } from './live-sets/declare-sets.ts';
import { beginConfirm, restartDeadline } from './pending-change.ts';
import type { PreparedPolicy, WantedPolicy } from './prepare-policy.ts';
import { preparePolicy, rememberCompiled } from './prepare-policy.ts';
import { protectedNames } from './protected-names.ts';

export interface Attaching {
  readonly mode: RequestedMode;
  readonly ingressOnly?: boolean | undefined;
  /** Names and patterns of interfaces whose arrivals are filtered at tcx, not at XDP. */
  readonly tcx?: readonly string[] | undefined;
}

export type Confirmation =
  /** The time begins with the change. */
  | { readonly kind: 'begin'; readonly seconds: number }
  /** What waits is put in force anew, with the time that it has left. */
  | { readonly kind: 'keep'; readonly request: ConfirmRequest };

/** One change of what is in force. */
export interface Change {
  readonly policy: WantedPolicy;
  readonly devices: readonly NetworkInterface[];
  readonly attaching: Attaching;
  /** Names of interfaces that are not there and may come back: what they counted stays. */
  readonly expected?: readonly string[] | undefined;
  /** Everything up to the swap; nothing is written either. */
  readonly isDryRun?: boolean | undefined;
  /** Goes back unless it is confirmed in time. */
  readonly confirm?: Confirmation | undefined;
  /** Of one that ends in another assignment; asked for once `write` is done. */
  readonly details?: (() => ChangeDetails) | undefined;
  /** Before the swap: what is in force can always be found in the store. Returns how to take it back. A dry run only tries. */
  readonly write?: (prepared: PreparedPolicy) => (() => void) | undefined;
  /** After the swap: assigns, and puts in order what hung on the policy before. Returns notes. */
  readonly settle?: () => readonly string[];
}

export interface InForce {
  readonly policy: string;
  /** SHA-256 of its text and set files, hex. */
  readonly hash: string;
  readonly generation: number;
  readonly interfaces: readonly string[];
  /** What the user should know, a sentence each. */
  readonly notes: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** Findings of the analysis that are not among the diagnostics one by one. */
  readonly omitted: readonly Omitted[];
  /** It has filters with `me`, and no interface has an address. */
  readonly lacksAddresses: boolean;
}

/**
 * The caller holds the store's lock. A failure before the swap leaves all as it was; one after it leaves the new policy
 * in force.
 */
export async function putInForce(context: HostContext, change: Change): Promise<InForce> {
  const { devices, isDryRun = false } = change;
  const prepared = await preparePolicy(context, change.policy, devices);
  const takeBack = change.write?.(prepared);
  const { generation, notes, attachedFirst } = swapOrTakeBack(context, prepared, change, takeBack);
  if (!isDryRun) unmarkEndedOnPurpose();
  if (!isDryRun && change.confirm?.kind === 'begin') await restartDeadline(change.confirm.seconds, attachedFirst);
  const more = isDryRun ? [] : (change.settle?.() ?? []);
  if (!isDryRun) {
    rememberCompiled(context, prepared);
    rememberHost(context, prepared, change);
  }
  const { policy, textHash: hash, facts, host, recalled, diagnostics, omitted } = prepared;
  return {
    policy,
    hash,
    generation,
    interfaces: devices.map(({ name }) => name),
    notes: [...recalled, ...notes, ...more],
    diagnostics,
    omitted,
    lacksAddresses: facts.usesMe && host.me.length === 0,
  };
}

/** What the next boot goes by. Names in protected traffic are among those that it may need. */
function rememberHost(
  context: HostContext,
  { host, answers }: PreparedPolicy,
  { devices, expected = [] }: Change,
): void {
  const before = readKnownHost(context.store);
  const names = new Set([...host.names.keys(), ...protectedNames()]);
  const now = new Date();
  const after = withAnswers(withInterfaces(before, devices, expected, now), answers, names, now);
  keepKnownHost(context, before, after);
}

function swapOrTakeBack(
  context: HostContext,
  prepared: PreparedPolicy,
  change: Change,
  takeBack: (() => void) | undefined,
): SwapOutcome {
  try {
    return swap(context, prepared, change);
  } catch (error) {
    takeBack?.();
    throw error;
  }
}

function swap(
  context: HostContext,
  { hash, facts, host, compiled, dynamic }: PreparedPolicy,
  { devices, attaching: { mode, ingressOnly, tcx = [] }, expected = [], isDryRun, confirm, details }: Change,
): SwapOutcome {
  const classes = liveClassesIn([...compiled.values()]);
  const live = isDryRun === true ? rehearseSets(context, classes) : declareSets(context, classes, hash);
  const request: ApplyRequest = {
    ...(confirm === undefined ? {} : { confirm: confirmRequest(confirm) }),
    // A dry run has no version to assign.
    ...(details === undefined || isDryRun === true ? {} : { details: details() }),
    targets: devices.map((device) => ({
      device,
      compiled: present(compiled.get(device.name), device.name),
      ingress: tcx.some((name) => matchesInterface(name, device.name)) ? 'tcx' : 'xdp',
    })),
    hash,
    mode,
    ingressOnly: ingressOnly === true,
    ...(facts.usesMe ? { me: addressTexts(host.me) } : {}),
    ...(host.names.size > 0 ? { names: namesAsTexts(host.names) } : {}),
    dynamic,
    expected,
    now: new Date(),
    dryRun: isDryRun === true,
    ...(live === undefined ? {} : { live }),
  };
  try {
    return swapPrograms(request);
  } catch (error) {
    live?.takeBack();
    throw error;
  }
}

function confirmRequest(confirm: Confirmation): ConfirmRequest {
  return confirm.kind === 'keep' ? confirm.request : beginConfirm(confirm.seconds);
}

/** How it was attached, for whoever puts it in force next. */
export function attachingOf({
  mode,
  ingressOnly,
  tcx = [],
}: Attaching): Pick<Assignment, 'mode' | 'ingressOnly' | 'tcx'> {
  return { mode, ...(ingressOnly === true ? { ingressOnly } : {}), ...(tcx.length === 0 ? {} : { tcx }) };
}
