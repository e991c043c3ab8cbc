/** The filter lists and filter actions that Windows ships, which scripts use without making them. */
import type { Span } from '../../base/diagnostics.ts';
import { ANY_PACKET } from '../../policy/defaults.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { ActionEntry, ListEntry } from './script-objects.ts';

export function shippedActions(): readonly ActionEntry[] {
  const entry = (name: string, action: ActionEntry['action']): ActionEntry => {
    return { name, action, missed: [], isShipped: true };
  };
  return [
    entry('Permit', 'permit'),
    entry('Request Security (Optional)', undefined),
    entry('Require Security', undefined),
  ];
}

/** Both are between this host and any other. */
export function shippedLists(span: Span): readonly ListEntry[] {
  const list = (name: string, protocol: number | undefined): ListEntry => {
    const filter = { ...ANY_PACKET, source: { kind: 'me' }, protocol, mirrored: true, text: name, span } as const;
    return { name, filters: [filter], span, missed: [], isShipped: true };
  };
  return [list('All IP Traffic', undefined), list('All ICMP Traffic', PROTOCOLS.icmp)];
}
