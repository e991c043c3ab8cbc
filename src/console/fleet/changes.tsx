/** Who changed the fleet last, as the front has written it down. */
import type { VNode } from 'preact';
import type { FleetChanges } from '../../api/fleet-console.ts';
import { FLEET_ROUTES } from '../../api/fleet-console-routes.ts';
import { read } from '../api.ts';
import { useAnswer } from '../parts/debounced.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatTime } from '../readable-values.ts';

/** Records of a change that are named. */
const MOST_NAMED = 3;

export function Changes({ version }: { readonly version: number }): VNode {
  const { value, error } = useAnswer(String(version), (signal) =>
    read<FleetChanges>(FLEET_ROUTES.changes.path, signal),
  );
  return (
    <section aria-label="Changes">
      <h2>Last changes</h2>
      {error !== undefined && <ErrorBox error={error} />}
      {value !== undefined && value.changes.length === 0 && <p class="empty">No front has recorded a change.</p>}
      {value !== undefined && value.changes.length > 0 && (
        <VirtualTable
          label="Changes of the fleet"
          head={['When', 'Who', 'Records']}
          rows={value.changes}
          cells={({ at, who, role, records, times }) => {
            const more = records.length - MOST_NAMED;
            const named = `${records.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
            const text = `${named}${times > 1 ? `, ${times} times` : ''}`;
            return [formatTime(at), `${who}, ${role}`, <span title={records.join('\n')}>{text}</span>];
          }}
          keyOf={({ at, records }, index) => `${at} ${records[0] ?? ''} ${index}`}
        />
      )}
    </section>
  );
}
