/** Every route of the agent's socket: what it does, what it takes, what it answers. */
import type { Role } from '../base/roles.ts';
import * as outcomes from './outcome-schemas.ts';
import * as requests from './request-schemas.ts';
import type { Schema } from './schema.ts';

export interface RouteEntry {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` stands for one part of the path. */
  readonly path: string;
  readonly summary: string;
  /** It changes the host or the store: one at a time, and an idempotency key is honoured. */
  readonly isChange: boolean;
  /** What who asks over the network must be at least. */
  readonly role: Role;
  readonly body?: Schema;
  /** What may stand behind the question mark: an object's schema. */
  readonly query?: Schema;
  readonly outcome: Schema;
}

export type RouteName =
  | 'apply'
  | 'assign'
  | 'confirm'
  | 'rollBack'
  | 'pending'
  | 'unassign'
  | 'unassignInterface'
  | 'restore'
  | 'delete'
  | 'changeStored'
  | 'changeDynamic'
  | 'status'
  | 'counters'
  | 'ruleCounters'
  | 'retiredCounters'
  | 'report'
  | 'reportTraffic'
  | 'startAudit'
  | 'audit'
  | 'endAudit'
  | 'suggestPermits'
  | 'assignment'
  | 'list'
  | 'history'
  | 'changes'
  | 'readStored'
  | 'check'
  | 'explain'
  | 'diff'
  | 'doctor'
  | 'mend'
  | 'changeSet'
  | 'listSets'
  | 'readSet'
  | 'testSet'
  | 'store'
  | 'edit'
  | 'format'
  | 'outline'
  | 'chart';

function change(path: string, summary: string, outcome: Schema, body?: Schema): RouteEntry {
  const administrator = { isChange: true, role: 'administrator' } as const;
  return { method: 'POST', path, summary, ...administrator, outcome, ...(body === undefined ? {} : { body }) };
}

function createReadRoute(path: string, summary: string, outcome: Schema): RouteEntry {
  return { method: 'GET', path, summary, isChange: false, role: 'viewer', outcome };
}

/** A question that takes more than fits into a path. It changes nothing. */
function question(path: string, summary: string, outcome: Schema, body: Schema): RouteEntry {
  return { method: 'POST', path, summary, isChange: false, role: 'viewer', outcome, body };
}

export const ROUTES: Readonly<Record<RouteName, RouteEntry>> = {
  apply: change('/v1/apply', 'store a policy, put it in force, assign it', outcomes.IN_FORCE, requests.APPLY),
  assign: change('/v1/assign', 'put a stored policy in force', outcomes.IN_FORCE, requests.ASSIGN),
  confirm: {
    ...change('/v1/confirm', 'keep the policy that waits to be confirmed', outcomes.CONFIRMED),
    role: 'operator',
  },
  rollBack: {
    ...change('/v1/rollback', 'take back the policy that waits to be confirmed', outcomes.ROLLED_BACK),
    role: 'operator',
  },
  pending: createReadRoute('/v1/pending', 'what waits to be confirmed', outcomes.PENDING_REPORT),
  unassign: change('/v1/unassign', 'end filtering on every interface', outcomes.UNASSIGNED),
  unassignInterface: {
    ...change('/v1/interfaces/:name', 'take one interface out of the assignment', outcomes.UNASSIGNED),
    method: 'DELETE',
  },
  restore: change('/v1/restore', 'put what is assigned in force again', outcomes.RESTORED, requests.RESTORE),
  changeStored: change(
    '/v1/stored-change',
    "one of the original's commands on a stored policy",
    outcomes.STORED_CHANGED,
    requests.STORED_CHANGE,
  ),
  changeDynamic: change(
    '/v1/dynamic-change',
    'add a dynamic rule, or take some back',
    outcomes.DYNAMIC_CHANGED,
    requests.DYNAMIC_CHANGE,
  ),
  delete: {
    ...change('/v1/policies/:name', 'remove a policy with all its versions', outcomes.DELETED),
    method: 'DELETE',
  },
  status: createReadRoute('/v1/status', 'show which policy filters which interface, and since when', outcomes.STATUS),
  counters: {
    ...createReadRoute(
      '/v1/counters',
      'what every rule, default, exemption and parse outcome counted; `dropping`: of rules those that drop most, and sums',
      outcomes.COUNTERS,
    ),
    query: requests.COUNTERS,
  },
  ruleCounters: question(
    '/v1/counters',
    'what rules of the policy in force counted, over all interfaces',
    outcomes.RULE_COUNTERS,
    requests.RULE_COUNTERS,
  ),
  retiredCounters: {
    ...createReadRoute(
      '/v1/counters/retired',
      'what rules counted that are no longer in force',
      outcomes.RETIRED_COUNTERS,
    ),
    query: requests.RETIRED_COUNTERS,
  },
  startAudit: change(
    '/v1/audit',
    'put a policy on trial beside the one in force, which alone decides',
    outcomes.AUDIT_STARTED,
    requests.AUDIT,
  ),
  audit: createReadRoute('/v1/audit', 'what the policy on trial would change', outcomes.AUDIT),
  suggestPermits: createReadRoute(
    '/v1/audit/suggestions',
    'permits for what the policy on trial would drop, with what was sampled of it',
    outcomes.SUGGESTED,
  ),
  endAudit: { ...change('/v1/audit', 'end the trial', outcomes.AUDIT_ENDED), method: 'DELETE' },
  report: {
    ...createReadRoute('/v1/report', 'what the observed traffic says of the policy in force', outcomes.REPORT),
    query: requests.REPORT,
  },
  reportTraffic: {
    ...createReadRoute(
      '/v1/report/traffic',
      'the part of the report that takes no long time, however many rules there are',
      outcomes.TRAFFIC_REPORT,
    ),
    query: requests.REPORT,
  },
  assignment: createReadRoute('/v1/assignment', 'what is assigned, whatever is in force', outcomes.ASSIGNMENT),
  list: createReadRoute('/v1/policies', 'the stored policies', outcomes.POLICIES),
  history: createReadRoute('/v1/policies/:name/versions', 'the stored versions of a policy', outcomes.HISTORY),
  changes: createReadRoute('/v1/changes', 'the audit log: who changed what, oldest first', outcomes.CHANGES),
  readStored: createReadRoute(
    '/v1/policies/:name/versions/:version',
    'a version as it was written; `newest` for the newest',
    outcomes.STORED,
  ),
  check: question('/v1/check', 'read and analyse a policy without the kernel', outcomes.CHECKED, requests.CHECK),
  explain: question(
    '/v1/explain',
    'which filter decides a packet, and why: of a policy, or of what is in force',
    outcomes.EXPLAINED,
    requests.EXPLAIN,
  ),
  diff: question(
    '/v1/diff',
    'what changes from one policy, or the assigned one, to another',
    outcomes.DIFFERENCE,
    requests.DIFF,
  ),
  doctor: {
    ...createReadRoute('/v1/doctor', 'what would make attaching fail or filtering leak', outcomes.DIAGNOSED),
    query: requests.DOCTOR,
  },
  mend: change(
    '/v1/doctor/mend',
    'the same, with the remedies run that cannot interrupt anything',
    outcomes.DIAGNOSED,
    requests.DOCTOR,
  ),
  changeSet: {
    ...change('/v1/sets', 'add members to a live set, or take them out', outcomes.SET_CHANGED, requests.SET_CHANGE),
    role: 'operator',
  },
  listSets: createReadRoute('/v1/sets', 'the live sets of the policies in force', outcomes.SETS),
  readSet: {
    ...createReadRoute('/v1/sets/:name', 'a live set with its members, or a page of them', outcomes.SET),
    query: requests.SET_READ,
  },
  testSet: {
    ...createReadRoute('/v1/sets/:name/test', 'does a live set hold an address?', outcomes.SET_TESTED),
    query: requests.SET_TEST,
  },
  store: change(
    '/v1/policies',
    'store a policy as a new version; what is in force stays',
    outcomes.STORED_NEW,
    requests.STORE,
  ),
  edit: question(
    '/v1/edit',
    'the text of a policy with a rule added, and what that does',
    outcomes.EDITED,
    requests.EDIT,
  ),
  format: question('/v1/format', 'the text of a policy in the usual layout', outcomes.FORMATTED, requests.FORMAT),
  outline: question(
    '/v1/outline',
    'what a policy consists of: all its rules, or a page of those that a search finds',
    outcomes.OUTLINE,
    requests.OUTLINE,
  ),
  chart: question('/v1/chart', 'the policy that a planning chart makes', outcomes.CHARTED, requests.CHART),
};
