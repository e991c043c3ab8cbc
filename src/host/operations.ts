/** Everything that can be asked of a host, as one interface: carried out here, or by an agent that was asked. */

import type { RuleChange } from '../formats/ipsecpol/command.ts';
import type { Assignment, ChangeRecords, StoredVersion } from '../store/store.ts';
import type { ApplyRequest } from './apply-policy.ts';
import type { AssignRequest } from './assign-policy.ts';
import type { AuditOutcome } from './audit/read-audit.ts';
import type { AuditRequest, AuditStarted } from './audit/start-audit.ts';
import type { SuggestOutcome } from './audit/suggest-permits.ts';
import type { DynamicOutcome } from './change-dynamic-rules.ts';
import type { StoredChange, StoredChangeOutcome } from './change-stored-policy.ts';
import type { ChartOutcome, ChartRequest } from './chart-policy.ts';
import type { CheckOutcome, CheckRequest } from './check-policy.ts';
import type { HostContext } from './context.ts';
import type { CountersRequest, HostCounters, RetiredPage, RetiredRequest, RuleTallies } from './counters.ts';
import type { ConfirmOutcome, PendingReport, RollbackOutcome } from './decide-change.ts';
import type { DeleteOutcome } from './delete-policy.ts';
import type { DiffOutcome, DiffRequest } from './diff-policies.ts';
import type { DoctorOutcome, DoctorRequest } from './doctor/diagnose.ts';
import type { EditOutcome, EditRequest } from './edit-policy.ts';
import type { EventsRequest, HostEvent } from './events.ts';
import type { ReportOutcome } from './evidence/report.ts';
import type { ReportRequest, TrafficReport } from './evidence/report-traffic.ts';
import type { ExplainOutcome, ExplainRequest } from './explain-packet.ts';
import type { FormatOutcome, FormatRequest } from './format-policy.ts';
import type { SetChangeOutcome, SetChangeRequest } from './live-sets/change-set.ts';
import type { SetContents, SetList, SetReadRequest, SetTest, SetTestRequest } from './live-sets/read-sets.ts';
import type { OutlineOutcome, OutlineRequest } from './outline-policy.ts';
import { requireCapabilities } from './privileges.ts';
import type { AssignedInForce } from './put-assigned.ts';
import { recordChanges } from './record-changes.ts';
import type { RestoreOutcome, RestoreRequest } from './restore-policy.ts';
import type { HostStatus } from './status.ts';
import type { StoreOutcome, StoreRequest } from './store-policy.ts';
import type { PolicyHistory, PolicyList } from './stored-policies.ts';
import type { UnassignOutcome } from './unassign-policy.ts';

/** Each throws EnvironmentError where something outside the policy stands in the way, PolicyRejected where the policy has errors. */
export interface HostOperations {
  apply(request: ApplyRequest): Promise<AssignedInForce>;
  assign(request: AssignRequest): Promise<AssignedInForce>;
  /** Keeps the policy that waits to be confirmed. */
  confirm(): Promise<ConfirmOutcome>;
  /** Takes it back now. */
  rollBack(): Promise<RollbackOutcome>;
  /** What waits; null where nothing does. What the kernel has taken back meanwhile is made permanent, and reported. */
  pending(): Promise<PendingReport>;
  unassign(): Promise<UnassignOutcome>;
  /** Takes one interface out of the assignment; the others stay filtered. */
  unassignInterface(name: string): Promise<UnassignOutcome>;
  restore(request: RestoreRequest): Promise<RestoreOutcome>;
  delete(name: string): Promise<DeleteOutcome>;
  changeStored(change: StoredChange): Promise<StoredChangeOutcome>;
  changeDynamic(change: RuleChange): Promise<DynamicOutcome>;
  status(): Promise<HostStatus>;
  counters(request?: CountersRequest): Promise<HostCounters>;
  /** What rules of the policy in force have counted. */
  ruleCounters(names: readonly string[]): Promise<RuleTallies>;
  /** What rules have counted that are no longer in force, a page at a time. */
  retiredCounters(request: RetiredRequest): Promise<RetiredPage>;
  /** Puts a policy on trial beside the one in force, which alone decides. */
  startAudit(request: AuditRequest): Promise<AuditStarted>;
  /** What the policy on trial would change. */
  audit(): Promise<AuditOutcome>;
  /** Permits for what the policy on trial would drop. */
  suggestPermits(): Promise<SuggestOutcome>;
  endAudit(): Promise<{ readonly interfaces: readonly string[] }>;
  /** What the observed traffic says of the policy in force. */
  report(request: ReportRequest): Promise<ReportOutcome>;
  /** The part of it that takes no long time, however many rules there are. */
  reportTraffic(request: ReportRequest): Promise<TrafficReport>;
  /** Sampled packets as they come, until `stop`. One process at a time can read them; the agent gives them to many. */
  events(request: EventsRequest, stop?: AbortSignal): Promise<AsyncIterable<HostEvent>>;
  /** What is assigned, whatever is in force; null where nothing is. */
  assignment(): Promise<Assignment | null>;
  list(): Promise<PolicyList>;
  history(name: string): Promise<PolicyHistory>;
  /** The audit log. */
  changes(): Promise<ChangeRecords>;
  /** A version, else the newest, as it was written. */
  readStored(name: string, version?: number): Promise<StoredVersion>;
  /** Reads and analyses a policy without the kernel. Its problems are in the outcome. */
  check(request: CheckRequest): Promise<CheckOutcome>;
  /** Which filter decides a packet, and why. */
  explain(request: ExplainRequest): Promise<ExplainOutcome>;
  diff(request: DiffRequest): Promise<DiffOutcome>;
  /** What would make attaching fail or filtering leak. */
  doctor(request: DoctorRequest): Promise<DoctorOutcome>;
  /** The same, with the remedies run that cannot interrupt anything. */
  mend(request: DoctorRequest): Promise<DoctorOutcome>;
  /** Adds members to a live set, or takes them out. */
  changeSet(request: SetChangeRequest): Promise<SetChangeOutcome>;
  /** The live sets of the policies in force. */
  listSets(): Promise<SetList>;
  /** One page of its members, or all. */
  readSet(request: SetReadRequest): Promise<SetContents>;
  /** Does a live set hold an address? */
  testSet(request: SetTestRequest): Promise<SetTest>;
  /** A new version. What is in force stays. */
  store(request: StoreRequest): Promise<StoreOutcome>;
  /** The text with a rule added, and what that does. Nothing is stored. */
  edit(request: EditRequest): Promise<EditOutcome>;
  outline(request: OutlineRequest): Promise<OutlineOutcome>;
  format(request: FormatRequest): Promise<FormatOutcome>;
  /** The policy that a planning chart makes. Nothing is stored. */
  chart(request: ChartRequest): Promise<ChartOutcome>;
}

/** Carried out by this process, with changes in the audit log. */
export function localOperations(context: HostContext): HostOperations {
  return recordChanges(context, plainOperations(context));
}

/** What an operation needs is loaded when it is asked for. */
function plainOperations(context: HostContext): HostOperations {
  return {
    async apply(request) {
      requireCapabilities('apply');
      return await (await import('./apply-policy.ts')).applyPolicy(context, request);
    },
    async assign(request) {
      requireCapabilities('assign');
      return await (await import('./assign-policy.ts')).assignPolicy(context, request);
    },
    async confirm() {
      requireCapabilities('confirm');
      return (await import('./decide-change.ts')).confirmChange(context);
    },
    async rollBack() {
      requireCapabilities('rollback');
      return (await import('./decide-change.ts')).rollBackChange(context);
    },
    async pending() {
      requireCapabilities('reading what is in force');
      return (await import('./decide-change.ts')).reportPending(context);
    },
    async unassign() {
      requireCapabilities('unassign');
      return (await import('./unassign-policy.ts')).unassignPolicy(context);
    },
    async unassignInterface(name) {
      requireCapabilities('unassign');
      return (await import('./unassign-interface.ts')).unassignInterface(context, name);
    },
    async restore(request) {
      requireCapabilities('restore');
      return await (await import('./restore-policy.ts')).restorePolicy(context, request);
    },
    async delete(name) {
      requireCapabilities('delete');
      return (await import('./delete-policy.ts')).deletePolicy(context, name);
    },
    async changeStored(change) {
      return await (await import('./change-stored-policy.ts')).changeStoredPolicy(context, change);
    },
    async changeDynamic(change) {
      requireCapabilities('ipsecpol');
      return await (await import('./change-dynamic-rules.ts')).changeDynamicRules(context, change);
    },
    async status() {
      requireCapabilities('reading what is in force');
      return (await import('./status.ts')).readStatus(context);
    },
    async counters(request) {
      requireCapabilities('reading the counters');
      return (await import('./counters.ts')).readCounters(request, context.ranking);
    },
    async ruleCounters(names) {
      requireCapabilities('reading the counters');
      return (await import('./counters.ts')).readRuleTallies(names);
    },
    async retiredCounters(request) {
      requireCapabilities('reading the counters');
      return (await import('./counters.ts')).readRetired(request);
    },
    async startAudit(request) {
      requireCapabilities('apply --audit');
      return await (await import('./audit/start-audit.ts')).auditPolicy(context, request);
    },
    async audit() {
      requireCapabilities('reading what is on trial');
      return (await import('./audit/read-audit.ts')).readAudits(context);
    },
    async suggestPermits() {
      requireCapabilities('reading what is on trial');
      return await (await import('./audit/suggest-permits.ts')).suggestPermits(context);
    },
    async endAudit() {
      requireCapabilities('audit --end');
      return (await import('./audit/start-audit.ts')).endAudits(context);
    },
    async report(request) {
      requireCapabilities('reading what is in force');
      return await (await import('./evidence/report.ts')).reportEvidence(context, request);
    },
    async reportTraffic(request) {
      requireCapabilities('reading what is in force');
      return await (await import('./evidence/report-traffic.ts')).reportTraffic(context, request);
    },
    async events(request, stop) {
      requireCapabilities('reading samples');
      return (await import('./events.ts')).openEvents(request, stop);
    },
    assignment() {
      return Promise.resolve(context.store.assignment() ?? null);
    },
    async list() {
      return (await import('./stored-policies.ts')).listPolicies(context);
    },
    async history(name) {
      return (await import('./stored-policies.ts')).readHistory(context, name);
    },
    changes() {
      return Promise.resolve(context.store.changes.read());
    },
    async readStored(name, version) {
      return (await import('./stored-policies.ts')).readStored(context, name, version);
    },
    async check(request) {
      return await (await import('./check-policy.ts')).checkPolicy(context, request);
    },
    async explain(request) {
      if (request.input === undefined) requireCapabilities('reading what is in force');
      return await (await import('./explain-packet.ts')).explainPacket(context, request);
    },
    async diff(request) {
      return await (await import('./diff-policies.ts')).diffForHost(context, request);
    },
    async doctor(request) {
      return (await import('./doctor/diagnose.ts')).diagnose(context, request);
    },
    async mend(request) {
      requireCapabilities('mending');
      return (await import('./doctor/diagnose.ts')).mendFindings(context, request);
    },
    async changeSet(request) {
      requireCapabilities('set');
      return await (await import('./live-sets/change-set.ts')).changeSet(context, request);
    },
    async listSets() {
      return (await import('./live-sets/read-sets.ts')).listSets(context);
    },
    async readSet(request) {
      return await (await import('./live-sets/read-sets.ts')).readSet(context, request);
    },
    async testSet(request) {
      return (await import('./live-sets/read-sets.ts')).testSet(context, request);
    },
    async store(request) {
      return (await import('./store-policy.ts')).storePolicy(context, request);
    },
    async edit(request) {
      return await (await import('./edit-policy.ts')).editPolicy(context, request);
    },
    async chart(request) {
      return (await import('./chart-policy.ts')).policyOfChart(request);
    },
    async format(request) {
      return (await import('./format-policy.ts')).formatPolicy(request);
    },
    async outline(request) {
      return (await import('./outline-policy.ts')).outlinePolicy(context, request);
    },
  };
}
