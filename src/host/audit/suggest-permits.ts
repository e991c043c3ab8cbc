/** Permits for what the policy on trial would drop, as a fragment of a policy file with the evidence in comments. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { readAttachments } from '../../engine/survey.ts';
import { printRule } from '../../formats/yaml/print.ts';
import type { TrialFlow } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import type { CountValue } from '../counters.ts';
import { interfaceAddresses, presentInterfaces } from '../interfaces.ts';
import { membersFor } from '../live-sets/policy-members.ts';
import { readOverlay } from '../overlay.ts';
import { readyToRead } from '../read-ready.ts';
import type { Permit } from './permits-for.ts';
import { permitsFor, remotesOf, serviceText } from './permits-for.ts';
import type { AuditOutcome } from './read-audit.ts';
import { readAudits } from './read-audit.ts';

/** Addresses of a flow that a comment lists. */
const MOST_LISTED = 5;

export interface DroppedOnTrial {
  readonly by: string;
  readonly rule: string | null;
  readonly reason: string | null;
  /** Counted, not sampled. */
  readonly packets: CountValue;
}

export interface SuggestedPermit {
  readonly rule: string;
  /** As a policy file has it. */
  readonly filter: string;
  readonly directions: readonly ('ingress' | 'egress')[];
  readonly samples: number;
  /** The addresses at the other end, with how many samples each had. */
  readonly addresses: readonly { readonly address: string; readonly samples: number }[];
  /** There were more addresses than are listed: the permit is for any. */
  readonly isMany: boolean;
  /** Rules on trial that would drop the packets; null is the default. */
  readonly droppedBy: readonly (string | null)[];
  /** The rule that would drop them even with the permit, so that it is not in the fragment. */
  readonly stillDroppedBy: string | null;
}

export interface SuggestOutcome {
  readonly policy: string;
  readonly version: number;
  readonly hash: string;
  readonly since: string;
  /** What the policy on trial would drop, by what would drop it. */
  readonly dropped: readonly DroppedOnTrial[];
  /** Samples that the permits are made from. */
  readonly samples: number;
  /** Samples that no permit is made from. */
  readonly leftOut: number;
  readonly permits: readonly SuggestedPermit[];
  /** To be put into the policy file. */
  readonly fragment: string;
}

/** Throws EnvironmentError where no policy is on trial, or its version is no longer stored. */
export async function suggestPermits(context: HostContext): Promise<SuggestOutcome> {
  const audit = readAudits(context);
  const { policy: name, version, hash, since } = audit;
  if (name === null || hash === null || since === null) {
    throw new EnvironmentError('XDPOL_E_NO_AUDIT', 'no policy is on trial', {
      help: 'put one on trial: xdpol apply POLICY --audit',
    });
  }
  if (version === null) {
    throw new EnvironmentError('XDPOL_E_NO_AUDIT', `the version of ${name} that is on trial is no longer stored`, {
      help: 'put it on trial again: xdpol apply POLICY --audit',
    });
  }
  const trial = context.store.evidence.read()?.trial;
  const isOfTrial = trial?.policy === name && trial.hash === hash && trial.since === since;
  const { flows, leftOut } = isOfTrial ? trial : { flows: [], leftOut: 0 };
  const devices = await presentInterfaces(readAttachments().map((attachment) => attachment.name));
  const { rules } = readOverlay(context.store);
  const ready = await readyToRead(context, { stored: name, version }, () => interfaceAddresses(devices), rules);
  const members = membersFor(context.store, ready.policy);
  const permits = permitsFor(ready.policy, { ...ready.host, members }, flows);
  const outcome = {
    policy: name,
    version,
    hash,
    since,
    dropped: droppedIn(audit),
    samples: flows.reduce((sum, { samples }) => sum + samples, 0),
    leftOut,
    permits: permits.map(suggestedPermit),
  };
  return { ...outcome, fragment: fragmentOf(outcome, permits) };
}

function droppedIn({ sides }: AuditOutcome): readonly DroppedOnTrial[] {
  const sums = new Map<string, DroppedOnTrial>();
  for (const { change, by, rule, reason, packets } of sides.flatMap(({ changes }) => changes)) {
    if (change !== 'would_drop') continue;
    const key = JSON.stringify([by, rule, reason]);
    const before = BigInt(sums.get(key)?.packets ?? 0);
    sums.set(key, { by, rule, reason, packets: before + BigInt(packets) });
  }
  return [...sums.values()].sort((a, b) => Number(b.packets) - Number(a.packets));
}

function suggestedPermit({ flow, rule, stillDroppedBy }: Permit): SuggestedPermit {
  return {
    rule: rule.name,
    filter: rule.filterList.filters[0]?.text ?? '',
    directions: flow.directions,
    samples: flow.samples,
    addresses: remotesOf(flow),
    isMany: flow.isMany,
    droppedBy: flow.rules,
    stillDroppedBy: stillDroppedBy ?? null,
  };
}

export function fragmentOf(outcome: Omit<SuggestOutcome, 'fragment'>, permits: readonly Permit[]): string {
  const good = permits.filter(({ stillDroppedBy }) => stillDroppedBy === undefined);
  const others = permits.filter(({ stillDroppedBy }) => stillDroppedBy !== undefined);
  const lines = [
    ...headOf(outcome).map((line) => `# ${line}`),
    ...others.map(
      ({ flow, stillDroppedBy }) => `# no permit for ${serviceText(flow)}: ${whyNot(flow, stillDroppedBy)}`,
    ),
    ...(good.length === 0 ? [] : ['rules:']),
    ...good.flatMap(({ flow, rule }) => [
      `  # ${evidenceText(flow)}`,
      printRule(rule)
        .replace(/^rules:\n/u, '')
        .trimEnd(),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function headOf({ policy, version, since, dropped, samples, leftOut }: Omit<SuggestOutcome, 'fragment'>): string[] {
  const all = dropped.reduce((sum, { packets }) => sum + BigInt(packets), 0n);
  const head = [`Permits for packets that pass now and that ${policy}@${version} would drop, on trial since ${since}.`];
  if (all === 0n) return [...head, 'It would drop none so far.'];
  const by = dropped.map(
    ({ rule, reason, packets }) => `${packets} by ${rule === null ? (reason ?? 'its default') : `rule ${rule}`}`,
  );
  head.push(`It would drop ${all} packets, counted: ${by.join(', ')}.`);
  if (samples + leftOut === 0)
    return [...head, 'None of these was sampled: the agent takes the samples (xdpol agent).'];
  head.push(
    `The permits are made from ${samples} samples, at most ten a second for each rule: what was not sampled is not here.`,
  );
  if (leftOut > 0)
    head.push(`${leftOut} more samples are of fragments, of what cannot be parsed, or of too many flows.`);
  return head;
}

/** Such as `4 samples from 10.0.0.7 (3), 10.0.0.8 (1)`. */
function samplesText(flow: TrialFlow): string {
  const { samples, directions, isMany } = flow;
  const remotes = remotesOf(flow);
  const listed = remotes.slice(0, MOST_LISTED).map(({ address, samples: count }) => `${address} (${count})`);
  const more = remotes.length - listed.length;
  const rest = more > 0 ? [`${more} others${isMany ? ' and more' : ''}`] : [];
  const way = directions.length > 1 ? 'from and to' : directions[0] === 'ingress' ? 'from' : 'to';
  return `${samples} ${samples === 1 ? 'sample' : 'samples'} ${way} ${[...listed, ...rest].join(', ')}`;
}

function evidenceText(flow: TrialFlow): string {
  const droppedBy = flow.rules.map((rule) => (rule === null ? 'the default' : `rule ${rule}`)).join(', ');
  return `${samplesText(flow)}: ${droppedBy} would drop them`;
}

function whyNot(flow: TrialFlow, rule: string | null | undefined): string {
  const decider = rule === null || rule === undefined ? 'something else' : `rule ${rule}, which is as specific,`;
  return `${decider} would drop it all the same (${samplesText(flow)})`;
}
