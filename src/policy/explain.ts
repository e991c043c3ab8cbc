/** Why a packet fares as it does: the decision and every candidate behind it. */
import type { ClassifyOptions, Decision } from './classify.ts';
import { ReferenceClassifier } from './classify.ts';
import type { Action, HostAddresses, Policy } from './model.ts';
import type { Packet } from './packet/model.ts';
import type { DecidingKey, Specificity } from './specificity.ts';
import { decidingKey } from './specificity.ts';

export interface ExplainedCandidate {
  readonly rule: string;
  /** As written. */
  readonly filter: string;
  readonly action: Action;
  /** It is the mirror half of the filter that matched. */
  readonly mirrored: boolean;
  readonly rank: Specificity;
  /** The key that put the candidate before this one ahead of it; null for the first. */
  readonly behindBy: DecidingKey | null;
}

/** The object that `explain --json` prints. */
export interface Explanation extends Omit<Decision, 'fragment'> {
  /** The key that put the winner before the runner-up; null where no rule decided or it had no rival. */
  readonly decidedBy: DecidingKey | null;
  /** In rank order. Where `by` is `exemption` they had no say. */
  readonly candidates: readonly ExplainedCandidate[];
}

export function explain(
  policy: Policy,
  host: HostAddresses,
  packet: Packet,
  options: ClassifyOptions = {},
): Explanation {
  const classifier = new ReferenceClassifier(policy, host);
  const { verdict, by, rule, filter, reason } = classifier.classify(packet, options);
  const ranked = classifier.candidates(packet, options);
  const candidates = ranked.map((candidate, i): ExplainedCandidate => {
    const ahead = ranked[i - 1];
    return {
      rule: candidate.rule,
      filter: candidate.filter.text,
      action: candidate.action,
      mirrored: candidate.half === 'mirror',
      rank: candidate.specificity,
      behindBy: ahead === undefined ? null : decidingKey(ahead, candidate),
    };
  });
  const decidedBy = by === 'rule' ? (candidates[1]?.behindBy ?? null) : null;
  return { verdict, by, rule, filter, reason, decidedBy, candidates };
}
