/** What a policy on trial would change. The counters end with the trial. */
import { readAudit } from '../engine/audit/interface-audit.ts';
import type { Counted } from '../engine/slots.ts';
import type { Attachment } from '../engine/survey.ts';
import type { Samples } from './sample-metrics.ts';

export function addAudits(samples: Samples, attachments: readonly Attachment[]): void {
  for (const attachment of attachments) {
    const audit = readAudit(attachment);
    if (audit === undefined) continue;
    const { policy } = audit.candidate;
    for (const { direction, changes } of audit.sides) {
      for (const { counted, count } of changes) {
        const change = counted.action === 'permit' ? 'would_pass' : 'would_drop';
        const labels = { device: attachment.name, direction, policy, change, rule: ruleOf(counted) };
        samples.add('xdpol_audit_packets_total', labels, count.packets);
      }
    }
  }
}

/** Empty for the default; of an exemption or a parse reason its name. */
function ruleOf(counted: Counted): string {
  if (counted.by === 'rule') return counted.rule;
  return counted.by === 'default' ? '' : counted.reason;
}
