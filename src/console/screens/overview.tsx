/** What is in force where, and what it does to packets at the moment. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { HostStatus } from '../../host/status.ts';
import { RatePlot } from '../parts/rate-plot.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import type { Row, Totals } from '../rates.ts';
import { keyOf, reasonsOf, rowsOf, topDropping, totalsOf } from '../rates.ts';
import { formatAge, formatCount, formatRate, formatTime } from '../readable-values.ts';
import type { ScreenProps } from '../shell.tsx';

const TOP = 10;

function Warnings({ status }: { readonly status: HostStatus }): VNode | null {
  const gaps = status.gaps.map(({ name, direction }) => `${direction} of ${name} is open and should be filtered`);
  const all = [...gaps, ...status.warnings];
  return all.length === 0 ? null : (
    <ul class="notice warn" aria-label="Warnings">
      {all.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

function Headline({ status }: { readonly status: HostStatus }): VNode | null {
  const { policy, generation, assigned } = status;
  if (policy === null) {
    return (
      <div class="empty">
        <p>
          <strong>No policy is in force: every packet passes.</strong>
        </p>
        <p>
          Assign one under <a href="#/policies">Policies</a>, or on the host: <code>xdpol apply POLICY -i eth0</code>
        </p>
      </div>
    );
  }
  return (
    <dl class="facts">
      <div>
        <dt>In force</dt>
        <dd>
          <a href={`#/policies/${encodeURIComponent(policy)}`}>{policy}</a>
        </dd>
      </div>
      <div>
        <dt>Generation</dt>
        <dd>{generation}</dd>
      </div>
      <div>
        <dt>Assigned</dt>
        <dd>{assigned === null ? 'none' : `${assigned.policy}, version ${assigned.version}`}</dd>
      </div>
      <div>
        <dt>Since</dt>
        <dd>
          {assigned === null ? '—' : <span title={formatTime(assigned.at)}>{formatAge(assigned.at, Date.now())}</span>}
        </dd>
      </div>
    </dl>
  );
}

function InterfaceTable({
  status,
  totals,
}: {
  readonly status: HostStatus;
  readonly totals: readonly Totals[];
}): VNode | null {
  const rows = status.interfaces.flatMap((one) => one.hooks.map((hook) => ({ one, hook })));
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>Interfaces</h2>
      <ScrollFrame label="Interfaces">
        <table>
          <thead>
            <tr>
              <th>Interface</th>
              <th>Direction</th>
              <th>Hook</th>
              <th>Policy</th>
              <th class="number">Generation</th>
              <th>Since</th>
              <th class="number">Passed</th>
              <th class="number">Passing now</th>
              <th class="number">Dropped</th>
              <th class="number">Dropping now</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ one, hook }) => {
              const sum = totals.find((t) => t.interfaceName === one.name && t.direction === hook.direction);
              return (
                <tr key={`${one.name} ${hook.direction}`}>
                  <th scope="row">{one.name}</th>
                  <td>{hook.direction}</td>
                  <td>{hook.hook === 'xdp' && one.mode !== null ? `xdp, ${one.mode}` : hook.hook}</td>
                  <td class="name">{hook.policy ?? 'a program of others'}</td>
                  <td class="number">{hook.generation ?? '—'}</td>
                  <td class="nowrap">
                    {hook.since === null ? (
                      '—'
                    ) : (
                      <span title={formatTime(hook.since)}>{formatAge(hook.since, Date.now())}</span>
                    )}
                  </td>
                  <td class="number">{formatCount(sum?.passed ?? 0)}</td>
                  <td class="number pass">{formatRate(sum?.passRate ?? 0)}</td>
                  <td class="number">{formatCount(sum?.dropped ?? 0)}</td>
                  <td class="number drop">{formatRate(sum?.dropRate ?? 0)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollFrame>
    </section>
  );
}

function nameOf({ counter }: Row): string {
  if (counter.by === 'rule') return counter.rule ?? '';
  return counter.by === 'default' ? `default of ${counter.policy ?? 'the policy'}` : `${counter.reason ?? ''}`;
}

interface CounterTableProps {
  readonly title: string;
  readonly first: string;
  readonly rows: readonly Row[];
  readonly empty: string;
}

function CounterTable({ title, first, rows, empty }: CounterTableProps): VNode | null {
  return (
    <section>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p class="empty">{empty}</p>
      ) : (
        <ScrollFrame label={title}>
          <table>
            <thead>
              <tr>
                <th>{first}</th>
                <th>Interface</th>
                <th>Verdict</th>
                <th class="number">Packets</th>
                <th class="number">Now</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={keyOf(row)}>
                  <th scope="row" class="name">
                    {nameOf(row)}
                  </th>
                  <td class="nowrap">
                    {row.interfaceName} {row.direction}
                  </td>
                  <td class={row.counter.action === 'block' ? 'drop' : 'pass'}>
                    {row.counter.action === 'block' ? 'drop' : 'pass'}
                  </td>
                  <td class="number">{formatCount(row.packets)}</td>
                  <td class="number">{formatRate(row.rate)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollFrame>
      )}
    </section>
  );
}

function Plots({ snapshot }: Pick<ScreenProps, 'snapshot'>): VNode | null {
  const { history, at } = snapshot;
  if (history.length === 0) return null;
  return (
    <div class="columns">
      {history.map(([name, series]) => (
        <RatePlot key={name} label={name} series={series} at={at} />
      ))}
    </div>
  );
}

export function Overview({ snapshot }: ScreenProps): VNode | null {
  const { status, reading, before } = snapshot;
  const rows = useMemo(() => (reading === undefined ? [] : rowsOf(reading, before)), [reading]);
  const totals = useMemo(() => totalsOf(rows), [rows]);
  if (status === undefined) return <p class="loading">Reading the host…</p>;
  const isFiltered = status.interfaces.length > 0;
  return (
    <>
      <h1>Overview</h1>
      <Warnings status={status} />
      <Headline status={status} />
      <InterfaceTable status={status} totals={totals} />
      <Plots snapshot={snapshot} />
      {isFiltered && (
        <div class="columns">
          <CounterTable
            title="Top dropping rules"
            first="Rule"
            rows={topDropping(rows, TOP)}
            empty="No rule has dropped a packet yet."
          />
          <CounterTable
            title="Exempt, or not to be parsed"
            first="Reason"
            rows={reasonsOf(rows)}
            empty="Every packet so far was decided by a rule or the default."
          />
        </div>
      )}
    </>
  );
}
