/** Words about a report, the same for a terminal and a browser. */
import type { ReportOutcome } from '../host/evidence/report.ts';

export const GAP_TEXTS: Readonly<Record<ReportOutcome['gaps'][number]['kind'], string>> = {
  restart: 'the machine or its counters began anew: what was counted in that time is not known',
  unfiltered: 'no interface was filtered',
  agent: 'no agent ran: counters went on, nothing was sampled',
  filters: 'a policy came and went: which of its filters matched is not known',
};

export function ruleName({ rule }: { readonly rule: string | null }): string {
  return rule ?? '(default)';
}
