/** What the observed traffic says of the policy in force. */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { GAP_TEXTS, ruleName } from '../../api/report-texts.ts';
import type { Candidate } from '../../host/evidence/candidates.ts';
import type { ReportOutcome } from '../../host/evidence/report.ts';
import type { ReportedRule, TrafficReport } from '../../host/evidence/report-traffic.ts';
import { read } from '../api.ts';
import { useAction } from '../parts/action.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { VirtualTable } from '../parts/virtual-table.tsx';
import { formatCount, formatTime } from '../readable-values.ts';

const DAY = 86_400;
/** Seconds since the last match; undefined: never in the window. */
const PERIODS = [undefined, DAY, 7 * DAY, 30 * DAY, 90 * DAY] as const;

/** Findings that are not in a table. */
const LISTED = 100;

function lastMatch(at: string | null): string {
  return at === null ? 'never' : formatTime(at);
}

function share(packets: number, all: number): string {
  return all === 0 ? '' : `${((100 * packets) / all).toFixed(1)} %`;
}

interface PartProps {
  readonly title: string;
  /** Said where there is nothing to show. */
  readonly none: string;
  readonly isEmpty: boolean;
  readonly children: ComponentChildren;
}

function Part({ title, none, isEmpty, children }: PartProps): VNode | null {
  return (
    <section>
      <h2>{title}</h2>
      {isEmpty ? <p class="empty">{none}</p> : children}
    </section>
  );
}

function Rules({
  label,
  rows,
  all,
}: {
  readonly label: string;
  readonly rows: readonly ReportedRule[];
  readonly all: number;
}): VNode {
  return (
    <VirtualTable
      label={label}
      head={['Rule', 'Action', 'Packets', 'Share', 'Last match']}
      rows={rows}
      cells={(row) => [
        ruleName(row),
        <span class={row.action === 'permit' ? 'pass' : 'drop'}>{row.action}</span>,
        formatCount(row.packets),
        share(row.packets, all),
        lastMatch(row.lastMatch),
      ]}
      keyOf={(row) => ruleName(row)}
      searchIn={(row) => `${ruleName(row)} ${row.action}`}
      numbers={[2, 3]}
    />
  );
}

/** What is not a table is in the page as a whole: of a policy of many rules it would keep the browser for seconds. */
function MoreOfThem({ shown, count }: { readonly shown: number; readonly count: number }): VNode | null {
  if (count <= shown) return null;
  return (
    <p class="help">
      The first {formatCount(shown)} of {formatCount(count)}: <code>xdpol report</code> has all of them.
    </p>
  );
}

function Suggestion({ candidate: { rule, why, edit } }: { readonly candidate: Candidate }): VNode {
  return (
    <li>
      <p>
        <strong>{rule}</strong>: {why}
        {edit === null ? ': the rule could be deleted.' : '; it could be:'}
      </p>
      {edit !== null && <pre>{edit.trimEnd()}</pre>}
    </li>
  );
}

function Window({ report }: { readonly report: TrafficReport }): VNode {
  return (
    <>
      <p>
        Policy {report.policy}, observed from {formatTime(report.since)} to {formatTime(report.until)}
        {report.gaps.length + report.gapsLeftOut === 0 && ', without gaps'}.
      </p>
      {report.gaps.map(({ kind, from, to }) => (
        <p key={`${kind} ${from}`} class="notice warn">
          {formatTime(from)} to {formatTime(to)}: {GAP_TEXTS[kind]}.
        </p>
      ))}
      {report.gapsLeftOut > 0 && <p class="notice warn">{formatCount(report.gapsLeftOut)} gaps before these.</p>}
      {report.notes.map((note) => (
        <p key={note} class="help">
          {sentenceOf(note)}
        </p>
      ))}
    </>
  );
}

function Traffic({ report }: { readonly report: TrafficReport }): VNode {
  const all = report.rules.reduce((sum, { packets }) => sum + packets, 0);
  const { topRules, unusedRules, unusedFilters } = report;
  return (
    <>
      <Part title="Rules by packets" none="No packet was seen." isEmpty={topRules.length === 0}>
        <Rules label="Rules by packets" rows={topRules} all={all} />
      </Part>
      <Part title="Rules that matched no packet" none="None." isEmpty={unusedRules.length === 0}>
        <Rules label="Rules that matched no packet" rows={unusedRules} all={all} />
      </Part>
      <Part
        title="Filters that matched no packet, of rules that did"
        none={unusedFilters === null ? 'Single filters were not observed.' : 'None.'}
        isEmpty={(unusedFilters ?? []).length === 0}
      >
        <VirtualTable
          label="Filters that matched no packet"
          head={['Rule', 'Filter', 'Observed since', 'Last match']}
          rows={unusedFilters ?? []}
          cells={({ rule, filter, since, lastMatch: last }) => [
            rule,
            <code>{filter}</code>,
            formatTime(since),
            lastMatch(last),
          ]}
          keyOf={({ rule, filter }, i) => `${i} ${rule} ${filter}`}
          searchIn={({ rule, filter }) => `${rule} ${filter}`}
        />
      </Part>
    </>
  );
}

/** What needs a look at every filter of the policy. */
function Findings({ report }: { readonly report: ReportOutcome }): VNode {
  const { fewSources, shadowed, candidates } = report;
  return (
    <>
      <Part title="Permits that few sources use, by samples" none="None is known." isEmpty={fewSources.length === 0}>
        <VirtualTable
          label="Permits that few sources use"
          head={['Rule', 'Filter', 'Samples', 'Sources']}
          rows={fewSources}
          cells={({ rule, filter, samples, sources }) => [
            rule,
            <code>{filter}</code>,
            formatCount(samples),
            sources.map((one) => `${one.address} (${formatCount(one.samples)})`).join(', '),
          ]}
          keyOf={({ rule, filter, end }) => `${rule} ${filter} ${end}`}
          searchIn={({ rule, filter }) => `${rule} ${filter}`}
          numbers={[2]}
        />
      </Part>
      <Part title="Filters that others keep from deciding" none="None." isEmpty={shadowed.length === 0}>
        <MoreOfThem shown={LISTED} count={shadowed.length} />
        <ul>
          {shadowed.slice(0, LISTED).map(({ code, message }, i) => (
            <li key={i}>
              {code}: {message}
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Candidates to narrow" none="None." isEmpty={candidates.length === 0}>
        <MoreOfThem shown={LISTED} count={candidates.length} />
        <ul class="candidates">
          {candidates.slice(0, LISTED).map((candidate, i) => (
            <Suggestion key={i} candidate={candidate} />
          ))}
        </ul>
      </Part>
    </>
  );
}

/** Notes are written without a capital and a full stop. */
function sentenceOf(note: string): string {
  return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
}

export function Report(): VNode | null {
  const [period, setPeriod] = useState<number | undefined>(undefined);
  const [traffic, setTraffic] = useState<TrafficReport | undefined>(undefined);
  const [report, setReport] = useState<ReportOutcome | undefined>(undefined);
  const action = useAction();
  const look = (): void =>
    action.run(async () => {
      const query = period === undefined ? '' : `?unusedFor=${period}`;
      setTraffic(await read<TrafficReport>(`/v1/report/traffic${query}`));
      setReport(undefined);
      setReport(await read<ReportOutcome>(`/v1/report${query}`));
    });
  useEffect(look, [period]);
  return (
    <>
      <div class="heading">
        <h1>Report</h1>
        <div class="buttons">
          <button type="button" onClick={look} disabled={action.isRunning}>
            {action.isRunning ? 'Reading…' : 'Read again'}
          </button>
        </div>
      </div>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <label>
          Unused means: no match
          <select
            value={String(period ?? '')}
            disabled={action.isRunning}
            onChange={({ currentTarget: { value } }) => setPeriod(value === '' ? undefined : Number(value))}
          >
            {PERIODS.map((seconds) => (
              <option key={seconds ?? 0} value={String(seconds ?? '')}>
                {seconds === undefined ? 'since the window began' : `for ${seconds / DAY} days`}
              </option>
            ))}
          </select>
        </label>
      </form>
      <p class="help">
        As a file with plots, to print or to send: <code>xdpol report --html report.html</code>
      </p>
      {action.error !== undefined && <ErrorBox error={action.error} />}
      {traffic !== undefined && (
        <>
          <Window report={traffic} />
          <Traffic report={traffic} />
        </>
      )}
      {traffic !== undefined && action.isRunning && (
        <p class="loading" role="status">
          Looking at every filter of the policy… Of very many rules this takes the host a while; it answers everything
          else meanwhile.
        </p>
      )}
      {report !== undefined && <Findings report={report} />}
    </>
  );
}
