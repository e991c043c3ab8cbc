/** What another version of a policy changes, as written and for packets. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { formatPrefix } from '../base/ip.ts';
import type { Change, ChangedValue, PolicyDiff } from '../formats/diff.ts';
import { diffPolicies } from '../formats/diff.ts';
import type { Decision } from '../policy/classify.ts';
import { formatPacket } from '../policy/packet/text.ts';
import type { HostContext } from './context.ts';
import type { PolicyInput } from './policy-input.ts';
import { addressesForMe, readyToRead } from './read-ready.ts';
import type { VerdictChange } from './verdict-changes.ts';
import { verdictChanges } from './verdict-changes.ts';

export interface DiffRequest {
  /** Else what is assigned. */
  readonly from?: PolicyInput | undefined;
  readonly to: PolicyInput;
  /** Addresses that `me` stands for; else this host's. */
  readonly me?: readonly string[] | undefined;
}

interface Difference {
  readonly change: Change;
  readonly values: readonly ChangedValue[];
  /** As written. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export type ShortDecision = Omit<Decision, 'fragment'>;

/** Packets whose verdict changes from one decision to another. */
export interface ChangedPackets {
  /** An example. */
  readonly packet: string;
  /** null: any interface that no rule names. */
  readonly interface: string | null;
  readonly packets: number;
  readonly before: ShortDecision;
  readonly after: ShortDecision;
}

export interface DiffOutcome {
  /** Names of the two. */
  readonly from: string;
  readonly to: string;
  readonly same: boolean;
  readonly settings: readonly ChangedValue[];
  readonly rules: readonly (Difference & { readonly rule: string })[];
  readonly addressSets: readonly (Difference & { readonly set: string })[];
  readonly packets: { readonly tried: number; readonly changes: readonly ChangedPackets[] };
  /** What was found in the two. */
  readonly diagnostics: { readonly from: readonly Diagnostic[]; readonly to: readonly Diagnostic[] };
}

/** Throws PolicyRejected where one of them has errors. */
export async function diffForHost(context: HostContext, request: DiffRequest): Promise<DiffOutcome> {
  const before = request.from === undefined ? assignedSide(context) : sideOf(request.from);
  const after = sideOf(request.to);
  const read = (input: PolicyInput) => readyToRead(context, input, (policy) => addressesForMe(policy, request.me));
  const [a, b] = [await read(before.input), await read(after.input)];
  const diff = diffPolicies(a.policy, b.policy);
  const { tried, changes } = verdictChanges(a, b, diff);
  return {
    from: before.label,
    to: after.label,
    ...plainDiff(diff),
    packets: { tried, changes: changes.map(plainChange) },
    diagnostics: { from: a.diags.all, to: b.diags.all },
  };
}

interface Side {
  readonly label: string;
  readonly input: PolicyInput;
}

function sideOf(input: PolicyInput): Side {
  if ('text' in input) return { label: input.file, input };
  const { stored, version } = input;
  return { label: version === undefined ? stored : `${stored}@${version}`, input };
}

function assignedSide({ store }: HostContext): Side {
  const assignment = store.assignment();
  if (assignment === undefined) {
    throw new EnvironmentError('XDPOL_E_NOT_ASSIGNED', 'no policy is assigned to compare with', {
      help: 'name both: xdpol diff edge@3 edge.yaml',
    });
  }
  const { policy, version } = assignment;
  return { label: `${policy}@${version}, assigned`, input: { stored: policy, version } };
}

function plainDiff(diff: PolicyDiff): Pick<DiffOutcome, 'same' | 'settings' | 'rules' | 'addressSets'> {
  const { settings, rules, addressSets } = diff;
  return {
    same: settings.length + rules.length + addressSets.length === 0,
    settings,
    rules: rules.map(({ added, removed, ...rest }) => ({
      ...rest,
      added: added.map((filter) => filter.text),
      removed: removed.map((filter) => filter.text),
    })),
    addressSets: addressSets.map(({ added, removed, ...rest }) => ({
      ...rest,
      added: added.map(formatPrefix),
      removed: removed.map(formatPrefix),
    })),
  };
}

function plainChange({ before, after, interfaceName, example, packets }: VerdictChange): ChangedPackets {
  return {
    packet: formatPacket(example),
    interface: interfaceName ?? null,
    packets,
    before: shortDecision(before),
    after: shortDecision(after),
  };
}

function shortDecision({ verdict, by, rule, filter, reason }: Decision): ShortDecision {
  return { verdict, by, rule, filter, reason };
}
