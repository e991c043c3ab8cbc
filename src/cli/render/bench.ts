/** Figures of a measured policy, for people and for programs. */
import { present } from '../../base/assert.ts';
import type { CompiledPolicy } from '../../compiler/compile.ts';
import type { Effort } from '../../measure/bench-effort.ts';
import type { Environment } from '../../measure/environment.ts';
import type { MeasuredRow, PolicyFigures } from '../../measure/measure-policy.ts';
import type { Spread } from '../../measure/statistics.ts';
import type { Subject } from '../../measure/subjects.ts';
import { si, table } from './table.ts';

export interface BenchReport {
  readonly figures: PolicyFigures;
  readonly compiled: CompiledPolicy;
  /** Where the packets are seen. */
  readonly interface: string | undefined;
  readonly environment: Environment;
  readonly effort: Effort;
}

const FAMILY = { 4: 'IPv4', 6: 'IPv6' } as const;
/** Rules named in one note. */
const NAMED = 10;

/** `rule "web" (IPv4)`. */
export function subjectName({ by, rule, reason, family }: Subject): string {
  return `${rule === null ? (reason ?? by) : `rule "${rule}"`} (${FAMILY[family]})`;
}

/** Million packets a second that the program alone lets a core decide; undefined where it costs too little to measure against bare. */
function impliedMpps({ overBare }: MeasuredRow): number | undefined {
  return overBare.median > 0 ? 1000 / overBare.median : undefined;
}

function sum(bytes: Iterable<Uint8Array>): number {
  return [...bytes].reduce((total, { length }) => total + length, 0);
}

export function benchJson({ figures, compiled, interface: seenAt, environment, effort }: BenchReport): unknown {
  const { statistics: s, policy } = compiled;
  return {
    policy: policy.name,
    interface: seenAt ?? null,
    environment,
    filters: s.filters,
    modes: { ipv4: s.mode4, ipv6: s.mode6 },
    tableBytes: sum(compiled.tables.values()),
    rounds: effort.rounds,
    packetsPerRound: effort.repeat,
    rows: figures.rows.map((row) => ({
      ...plain(row.subject),
      standing: row.standing,
      packets: row.packets,
      nanoseconds: { bare: row.bare, overBare: row.overBare },
      impliedMpps: impliedMpps(row) ?? null,
      live: row.live === null ? null : { bareMpps: row.live.bare, mpps: row.live.policy, share: row.live.share },
    })),
    screened: figures.screened.map(({ subject, overBare }) => ({ ...plain(subject), overBare })),
    notFound: figures.unfound.map(plain),
    takeNoPart: figures.idle.map(({ rule, why }) => ({ rule, why })),
    leftOut: figures.leftOut,
  };
}

function plain({ by, rule, reason, family, verdict }: Subject): Record<string, unknown> {
  return { by, rule, reason, family: family === 4 ? 'ipv4' : 'ipv6', verdict };
}

export function renderBench(report: BenchReport): string {
  const { figures, environment: e } = report;
  const jit = e.jit ? 'on' : 'off';
  const host = `${e.cpus} x ${e.cpu}, Linux ${e.kernel}, JIT ${jit}, libbpf ${e.libbpf}, Node ${e.node}`;
  const parts = [`${headline(report)}\n${host}`, rowsTable(figures.rows), notes(report).join('\n')];
  return parts.map((part) => part.trimEnd()).join('\n\n');
}

function headline({ compiled, interface: seenAt }: BenchReport): string {
  const { statistics: s, policy } = compiled;
  const where = seenAt === undefined ? '' : ` as on ${seenAt}`;
  return `${policy.name}${where}: ${policy.rules.length} rules, ${s.filters} filters; IPv4 ${s.mode4}, IPv6 ${s.mode6}`;
}

function rowsTable(rows: readonly MeasuredRow[]): string {
  const live = rows.some((row) => row.live !== null);
  const columns = [
    { title: 'BY' },
    { title: 'NAME' },
    { title: 'FAMILY' },
    { title: 'VERDICT' },
    { title: 'OVER BARE', right: true },
    { title: 'QUARTILES', right: true },
    { title: 'IMPLIED', right: true },
    ...(live
      ? [
          { title: 'LIVE', right: true },
          { title: 'OF BARE', right: true },
        ]
      : []),
    { title: 'PACKETS', right: true },
    { title: 'RULES' },
  ];
  return table(
    columns,
    rows.map((row) => cells(row, live)),
  );
}

function cells(row: MeasuredRow, live: boolean): readonly string[] {
  const { subject, overBare, packets, standing } = row;
  const mpps = impliedMpps(row);
  return [
    subject.by,
    subject.rule ?? subject.reason ?? '',
    FAMILY[subject.family],
    subject.verdict,
    `${overBare.median.toFixed(1)} ns`,
    `${overBare.low.toFixed(1)}-${overBare.high.toFixed(1)}`,
    mpps === undefined ? '-' : `${mpps.toFixed(1)} Mpps`,
    ...(live ? liveCells(row) : []),
    si(packets),
    standing ?? '',
  ];
}

function liveCells({ live }: MeasuredRow): readonly string[] {
  if (live === null) return ['-', '-'];
  const [share, low, high] = [live.share.median, live.share.low, live.share.high].map((one) => (one * 100).toFixed(0));
  return [`${live.policy.median.toFixed(2)} Mpps`, `${share} % (${low}-${high})`];
}

function notes({ figures, effort }: BenchReport): readonly string[] {
  const { rows, screened, unfound, idle, leftOut } = figures;
  const found: string[] = [
    `OVER BARE  a packet more than a bare XDP_DROP in the same rounds: median of ${effort.rounds} rounds of ${si(effort.repeat)} packets`,
    `           bare, with the packet generator: ${bareRange(rows)}`,
    'IMPLIED    1000 / OVER BARE: what the program alone lets a core decide; generator, driver and NIC are not in it',
    'PACKETS    different ones in the ring: the fewer, the warmer the caches',
  ];
  if (rows.some((row) => row.live !== null))
    found.push(
      'LIVE       frames dropped behind a veth pair in a second of CPU time, sending included',
      '           OF BARE: of what a bare XDP_DROP had in the same round',
    );
  if (screened.length > 0)
    found.push(
      `screened   ${screened.length} rules by family, to find the best, the median and those that may be the worst`,
    );
  if (leftOut > 0) found.push(`left out   ${leftOut} rules by family: as many were drawn at random as are screened`);
  if (unfound.length > 0)
    found.push(
      `not found  among random packets one decided by ${listNames(unfound.map(subjectName))}: others come before it`,
    );
  const elsewhere = idle.filter(({ why }) => why === 'other interfaces').map(({ rule }) => `"${rule}"`);
  if (elsewhere.length > 0)
    found.push(`no part    ${listNames(elsewhere)}: limited to other interfaces, see --interface`);
  const empty = idle.filter(({ why }) => why === 'no address').map(({ rule }) => `"${rule}"`);
  if (empty.length > 0) found.push(`no part    ${listNames(empty)}: me or its names have no address here, see --me`);
  return found;
}

function bareRange(rows: readonly MeasuredRow[]): string {
  const medians = rows.map(({ bare }: { readonly bare: Spread }) => bare.median).toSorted((a, b) => a - b);
  return `${present(medians[0]).toFixed(1)} to ${present(medians.at(-1)).toFixed(1)} ns`;
}

function listNames(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
