/** What each route does: from a request to an operation of the host. */
import type { RouteName } from '../../api/routes.ts';
import type { WireDiff, WireExplain, WireInput, WithWireInput } from '../../api/wire.ts';
import { decodeInput, encodeStored } from '../../api/wire.ts';
import type { RuleChange } from '../../formats/ipsecpol/command.ts';
import type { ApplyRequest } from '../../host/apply-policy.ts';
import type { AssignRequest } from '../../host/assign-policy.ts';
import type { AuditRequest } from '../../host/audit/start-audit.ts';
import type { StoredChange } from '../../host/change-stored-policy.ts';
import type { ChartRequest } from '../../host/chart-policy.ts';
import type { CheckRequest } from '../../host/check-policy.ts';
import type { CountersRequest, RetiredRequest } from '../../host/counters.ts';
import type { DoctorRequest } from '../../host/doctor/diagnose.ts';
import type { EditRequest } from '../../host/edit-policy.ts';
import type { ReportRequest } from '../../host/evidence/report-traffic.ts';
import type { FormatRequest } from '../../host/format-policy.ts';
import type { SetChangeRequest } from '../../host/live-sets/change-set.ts';
import type { SetReadRequest, SetTestRequest } from '../../host/live-sets/read-sets.ts';
import type { HostOperations } from '../../host/operations.ts';
import type { OutlineRequest } from '../../host/outline-policy.ts';
import type { PolicyInput } from '../../host/policy-input.ts';
import type { RestoreRequest } from '../../host/restore-policy.ts';
import type { StoreRequest } from '../../host/store-policy.ts';

/** A request whose body its schema has taken. */
export interface Asked {
  readonly body: unknown;
  /** Of the path. */
  readonly name: string;
  readonly version: string;
  readonly query: unknown;
}

export type Handler = (host: HostOperations, asked: Asked) => Promise<unknown>;

export const HANDLERS: Readonly<Record<RouteName, Handler>> = {
  apply: (host, { body }) => host.apply(withInput<ApplyRequest>(body)),
  assign: (host, { body }) => host.assign(body as AssignRequest),
  confirm: (host) => host.confirm(),
  rollBack: (host) => host.rollBack(),
  pending: (host) => host.pending(),
  unassign: (host) => host.unassign(),
  unassignInterface: (host, { name }) => host.unassignInterface(name),
  restore: (host, { body }) => host.restore(body as RestoreRequest),
  delete: (host, { name }) => host.delete(name),
  changeStored: (host, { body }) => host.changeStored(withAbsent(body as StoredChange)),
  changeDynamic: (host, { body }) => host.changeDynamic(body as RuleChange),
  status: (host) => host.status(),
  counters: (host, { query }) => host.counters(query as CountersRequest),
  ruleCounters: (host, { body }) => host.ruleCounters((body as { readonly rules: readonly string[] }).rules),
  retiredCounters: (host, { query }) => host.retiredCounters(query as RetiredRequest),
  startAudit: (host, { body }) => host.startAudit(withInput<AuditRequest>(body)),
  audit: (host) => host.audit(),
  suggestPermits: (host) => host.suggestPermits(),
  endAudit: (host) => host.endAudit(),
  report: (host, { query }) => host.report(query as ReportRequest),
  reportTraffic: (host, { query }) => host.reportTraffic(query as ReportRequest),
  assignment: (host) => host.assignment(),
  list: (host) => host.list(),
  history: (host, { name }) => host.history(name),
  changes: (host) => host.changes(),
  readStored: async (host, { name, version }) =>
    encodeStored(await host.readStored(name, version === 'newest' ? undefined : Number(version))),
  check: (host, { body }) => host.check(withInput<CheckRequest>(body)),
  explain: (host, { body }) => {
    const { input, ...request } = body as WireExplain;
    return host.explain({ ...request, input: decodeMaybe(input) });
  },
  diff: (host, { body }) => {
    const { from, to, ...request } = body as WireDiff;
    return host.diff({ ...request, from: decodeMaybe(from), to: decodeInput(to) });
  },
  doctor: (host, { query }) => host.doctor(query as DoctorRequest),
  mend: (host, { body }) => host.mend(body as DoctorRequest),
  changeSet: (host, { body }) => host.changeSet(body as SetChangeRequest),
  listSets: (host) => host.listSets(),
  readSet: (host, { name, query }) => host.readSet({ set: name, ...(query as Omit<SetReadRequest, 'set'>) }),
  testSet: (host, { name, query }) => host.testSet({ set: name, ...(query as Omit<SetTestRequest, 'set'>) }),
  store: (host, { body }) => host.store(withInput<StoreRequest>(body)),
  edit: (host, { body }) => host.edit(withInput<EditRequest>(body)),
  chart: (host, { body }) => host.chart(body as ChartRequest),
  format: (host, { body }) => host.format(body as FormatRequest),
  outline: (host, { body }) => host.outline(withInput<OutlineRequest>(body)),
};

/** A request whose policy came over the wire. */
function withInput<T extends { readonly input: PolicyInput }>(body: unknown): T {
  const request = body as WithWireInput<T>;
  // TypeScript does not see that T without its input and the input make T.
  return { ...request, input: decodeInput(request.input) } as unknown as T;
}

function decodeMaybe(input: WireInput | undefined): PolicyInput | undefined {
  return input === undefined ? undefined : decodeInput(input);
}

/** JSON leaves out what is undefined. */
function withAbsent({ policy, change, assignment, confirm }: StoredChange): StoredChange {
  return { policy, change, assignment, confirm };
}
