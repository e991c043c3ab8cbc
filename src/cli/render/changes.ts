/** The audit log as a table, newest first. */
import type { ChangeRecord, PolicyAt } from '../../store/store.ts';
import { shortHash } from './short-hash.ts';
import { table } from './table.ts';

function describePolicy(at: PolicyAt | null): string {
  return at === null ? '-' : `${at.policy} ${at.version} ${shortHash(at.hash)}`;
}

function describeAsker({ who, uid, via }: ChangeRecord): string {
  const asker = uid === null ? who : `${who} (${uid})`;
  if (via === 'remote') return `${asker} from another host`;
  return via === 'agent' && uid !== null ? `${asker} by the agent` : asker;
}

function describeResult({ result, message }: ChangeRecord): string {
  return message === null ? result : `${result}: ${message}`;
}

export function renderChanges(changes: readonly ChangeRecord[]): string {
  const rows = changes
    .toReversed()
    .map((change) => [
      change.at,
      describeAsker(change),
      change.verb,
      change.policy ?? '-',
      describePolicy(change.from),
      describePolicy(change.to),
      describeResult(change),
    ]);
  const titles = ['AT', 'BY', 'VERB', 'POLICY', 'FROM', 'TO', 'RESULT'];
  return table(
    titles.map((title) => ({ title })),
    rows,
  );
}
