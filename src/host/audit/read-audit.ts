/** What a policy on trial would change. */
import type { InterfaceAudit } from '../../engine/audit/interface-audit.ts';
import { readAudit } from '../../engine/audit/interface-audit.ts';
import { readAttachments } from '../../engine/survey.ts';
import type { HostContext } from '../context.ts';
import type { CounterOutcome, CountValue } from '../counters.ts';

export interface AuditChangeOutcome extends Omit<CounterOutcome, 'action' | 'policy'> {
  readonly change: 'would_drop' | 'would_pass';
}

export interface AuditSideOutcome {
  readonly interface: string;
  readonly direction: 'ingress' | 'egress';
  /** Packets that both policies decided alike. */
  readonly agreed: CountValue;
  /** By what decides in the policy on trial. */
  readonly changes: readonly AuditChangeOutcome[];
}

export interface AuditOutcome {
  /** null where no policy is on trial. */
  readonly policy: string | null;
  /** null where it is no longer stored. */
  readonly version: number | null;
  readonly hash: string | null;
  /** ISO 8601, UTC. */
  readonly since: string | null;
  readonly sides: readonly AuditSideOutcome[];
}

export function readAudits({ store }: HostContext): AuditOutcome {
  const audits = readAttachments().flatMap((attachment) => readAudit(attachment) ?? []);
  const [first] = audits;
  if (first === undefined) return { policy: null, version: null, hash: null, since: null, sides: [] };
  const { policy, hash, appliedAt } = first.candidate;
  const stored = store.versions(policy).findLast((one) => one.hash === hash);
  return { policy, version: stored?.version ?? null, hash, since: appliedAt, sides: audits.flatMap(sidesOf) };
}

function sidesOf({ name, sides }: InterfaceAudit): readonly AuditSideOutcome[] {
  return sides.map(({ direction, agreed, changes }) => ({
    interface: name,
    direction,
    agreed,
    changes: changes.map(({ counted, count }) => ({
      change: counted.action === 'permit' ? 'would_pass' : 'would_drop',
      by: counted.by,
      rule: counted.by === 'rule' ? counted.rule : null,
      reason: 'reason' in counted ? counted.reason : null,
      packets: count.packets,
      bytes: count.bytes,
    })),
  }));
}
