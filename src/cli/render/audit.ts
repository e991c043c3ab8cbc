/** What a policy on trial would change, as a table. */
import type { AuditOutcome } from '../../host/audit/read-audit.ts';
import { si, table } from './table.ts';

const COLUMNS = [
  { title: 'INTERFACE' },
  { title: 'DIRECTION' },
  { title: 'CHANGE' },
  { title: 'BY' },
  { title: 'NAME' },
  { title: 'PACKETS', right: true },
  { title: 'BYTES', right: true },
];

export function renderAudit({ policy, version, since, sides }: AuditOutcome): string {
  if (policy === null) return 'no policy is on trial';
  const rows = sides.flatMap(({ interface: name, direction, changes }) =>
    changes.map(({ change, by, rule, reason, packets, bytes }) => {
      const would = change === 'would_drop' ? 'would drop' : 'would pass';
      return [name, direction, would, by, rule ?? reason ?? '', String(packets), si(bytes)];
    }),
  );
  const agreed = sides.reduce((sum, side) => sum + Number(side.agreed), 0);
  const named = version === null ? policy : `${policy}@${version}`;
  const head = `${named} is on trial since ${since ?? ''}: it decides ${agreed} packets like the policy in force`;
  return rows.length === 0 ? `${head}, and none otherwise` : `${head}, and these otherwise\n\n${table(COLUMNS, rows)}`;
}
