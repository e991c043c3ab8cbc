/** What the agent answers. */
import type { Schema } from './schema.ts';
import { allowNull, COUNT, INTEGER, list, mapOf, object, oneOf, TEXT, TRUTH } from './schema.ts';

const ACTION = oneOf('permit', 'block');
const DIRECTION = oneOf('ingress', 'egress');
const TEXTS = list(TEXT);
const MODE = oneOf('native', 'generic', 'auto');

export const DIAGNOSTIC: Schema = object(
  {
    code: TEXT,
    severity: oneOf('error', 'warning', 'note'),
    span: object({ file: TEXT, line: INTEGER, column: INTEGER, length: INTEGER, lineText: TEXT }),
    message: TEXT,
  },
  // Of a finding of the analysis: the rules it is about, and whether the policy in force lacks it.
  { help: TEXT, rules: TEXTS, isNew: allowNull(TRUTH) },
);

/** Findings that are counted and not listed. */
const OMITTED = object({
  code: TEXT,
  severity: oneOf('error', 'warning', 'note'),
  grouped: INTEGER,
  left: INTEGER,
  atLeast: TRUTH,
  isNew: allowNull(TRUTH),
});

const DIAGNOSTICS = list(DIAGNOSTIC);

export const CHECKED: Schema = object({
  policy: allowNull(TEXT),
  rules: INTEGER,
  filters: INTEGER,
  addressSets: INTEGER,
  errors: INTEGER,
  warnings: INTEGER,
  diagnostics: DIAGNOSTICS,
  omitted: list(OMITTED),
});

const DECISION = {
  verdict: oneOf('pass', 'drop'),
  by: oneOf('rule', 'default', 'exemption', 'parse'),
  rule: allowNull(TEXT),
  filter: allowNull(TEXT),
  reason: allowNull(TEXT),
};

export const EXPLANATION: Schema = object({
  ...DECISION,
  decidedBy: allowNull(TEXT),
  candidates: list(
    object({
      rule: TEXT,
      filter: TEXT,
      action: ACTION,
      mirrored: TRUTH,
      rank: mapOf({ type: ['number', 'boolean'] }),
      behindBy: allowNull(TEXT),
    }),
  ),
});

export const EXPLAINED: Schema = object({
  policy: TEXT,
  packet: TEXT,
  explanation: EXPLANATION,
  diagnostics: DIAGNOSTICS,
  notes: TEXTS,
});

const VALUES = list(object({ what: TEXT, before: TEXT, after: TEXT }));
const CHANGED = { change: oneOf('added', 'removed', 'changed'), values: VALUES, added: TEXTS, removed: TEXTS };

/** Whose verdict changes. */
const PACKETS = object({
  tried: COUNT,
  changes: list(
    object({
      packet: TEXT,
      packets: COUNT,
      interface: allowNull(TEXT),
      before: object(DECISION),
      after: object(DECISION),
    }),
  ),
});

export const DIFFERENCE: Schema = object({
  from: TEXT,
  to: TEXT,
  same: TRUTH,
  settings: VALUES,
  rules: list(object({ rule: TEXT, ...CHANGED })),
  addressSets: list(object({ set: TEXT, ...CHANGED })),
  packets: PACKETS,
  diagnostics: object({ from: DIAGNOSTICS, to: DIAGNOSTICS }),
});

const MEMBER = object({ prefix: TEXT, ends: allowNull(TEXT), note: TEXT });
const LISTED_SET = {
  set: TEXT,
  entries: COUNT,
  capacity: COUNT,
  levels: list(INTEGER),
  counts: object({ adds: COUNT, expired: COUNT, refused: mapOf(COUNT) }),
  feed: allowNull(object({ source: TEXT, ageSeconds: allowNull(COUNT), error: allowNull(TEXT), failures: COUNT })),
};

export const SETS: Schema = object({ sets: list(object(LISTED_SET)) });

export const SET: Schema = object({ ...LISTED_SET, found: COUNT, members: list(MEMBER) });

export const SET_TESTED: Schema = object({ set: TEXT, address: TEXT, member: allowNull(MEMBER) });

export const SET_CHANGED: Schema = object({
  set: TEXT,
  added: COUNT,
  changed: COUNT,
  unchanged: COUNT,
  removed: COUNT,
  refused: list(
    object({
      address: TEXT,
      reason: oneOf('protected', 'own', 'gateway', 'resolver', 'session', 'excluded', 'full', 'length', 'wide'),
      why: TEXT,
    }),
  ),
  refusedCount: COUNT,
  entries: COUNT,
  capacity: COUNT,
  isWaiting: TRUTH,
});

export const STORED_NEW: Schema = object({ policy: TEXT, version: INTEGER, hash: TEXT });

export const EDITED: Schema = object({ text: TEXT, replaced: TRUTH, checked: CHECKED, packets: allowNull(PACKETS) });

export const CHARTED: Schema = object({ text: allowNull(TEXT), diagnostics: DIAGNOSTICS });

export const FORMATTED: Schema = object({ text: TEXT });

export const OUTLINE: Schema = object({
  policy: TEXT,
  description: TEXT,
  default: ACTION,
  exemptions: TEXTS,
  rules: list(
    object({
      name: TEXT,
      action: ACTION,
      filterList: TEXT,
      filters: TEXTS,
      interfaces: allowNull(TEXTS),
      line: INTEGER,
    }),
  ),
  found: COUNT,
  total: COUNT,
  filterLists: list(object({ name: TEXT, filters: COUNT, rules: COUNT })),
  filterListCount: COUNT,
  addressSets: list(object({ name: TEXT, prefixes: COUNT, live: TRUTH, rules: COUNT })),
  addressSetCount: COUNT,
  tests: list(
    object({
      packet: TEXT,
      expect: oneOf('pass', 'drop'),
      rule: allowNull(TEXT),
      interface: allowNull(TEXT),
      direction: allowNull(oneOf('in', 'out')),
      line: INTEGER,
    }),
  ),
  testCount: COUNT,
});

export const DIAGNOSED: Schema = object({
  interfaces: TEXTS,
  checks: INTEGER,
  findings: list(
    object(
      { check: TEXT, severity: oneOf('error', 'warning', 'note'), what: TEXT, why: TEXT },
      {
        interface: TEXT,
        advice: TEXT,
        remedy: object({ command: TEXTS, isSafe: TRUTH }),
        leaks: TRUTH,
        outcome: object({ mended: TRUTH }, { reason: TEXT }),
      },
    ),
  ),
});

export const ERROR: Schema = object(
  { code: TEXT, message: TEXT, help: allowNull(TEXT) },
  { diagnostics: list(DIAGNOSTIC), holder: object({ who: TEXT, since: allowNull(TEXT) }) },
);

const ASSIGNED = object(
  { policy: TEXT, version: INTEGER, hash: TEXT, interfaces: TEXTS, mode: MODE, at: TEXT },
  { ingressOnly: TRUTH, tcx: TEXTS },
);

export const ASSIGNMENT: Schema = allowNull(ASSIGNED);

const PREVIOUS = allowNull(object({ policy: TEXT, generation: INTEGER }));

const PENDING = allowNull(
  object({
    policy: TEXT,
    version: INTEGER,
    hash: TEXT,
    generation: allowNull(INTEGER),
    interfaces: TEXTS,
    previous: PREVIOUS,
    until: TEXT,
    secondsLeft: COUNT,
  }),
);

export const PENDING_REPORT: Schema = object({ pending: PENDING, settled: allowNull(TEXT) });

export const CONFIRMED: Schema = object({
  policy: TEXT,
  version: INTEGER,
  generation: allowNull(INTEGER),
  interfaces: TEXTS,
  notes: TEXTS,
});

export const ROLLED_BACK: Schema = object({
  policy: TEXT,
  version: INTEGER,
  previous: PREVIOUS,
  interfaces: TEXTS,
  notes: TEXTS,
});

export const IN_FORCE: Schema = object({
  policy: TEXT,
  hash: TEXT,
  version: allowNull(INTEGER),
  generation: INTEGER,
  interfaces: TEXTS,
  notes: TEXTS,
  diagnostics: list(DIAGNOSTIC),
  omitted: list(OMITTED),
  lacksAddresses: TRUTH,
  pending: PENDING,
});

export const UNASSIGNED: Schema = object({
  policy: allowNull(TEXT),
  interfaces: TEXTS,
  remaining: TEXTS,
  dynamic: TEXTS,
  notes: TEXTS,
  failures: TEXTS,
});

export const RESTORED: Schema = object({
  policy: allowNull(TEXT),
  version: allowNull(INTEGER),
  generation: allowNull(INTEGER),
  interfaces: TEXTS,
  missing: TEXTS,
  degraded: allowNull(TEXT),
  notes: TEXTS,
});

export const DELETED: Schema = object({ policy: TEXT, versions: list(INTEGER), unpinned: TEXTS });

/** Results of a change of a stored policy that put nothing in force. */
export const STORED_ALONE: readonly Schema[] = [
  object({ kind: oneOf('stored', 'unchanged') }),
  object({ kind: oneOf('unassigned'), interfaces: TEXTS }),
  object({ kind: oneOf('not-assigned'), assigned: allowNull(TEXT) }),
  object({ kind: oneOf('deleted'), interfaces: allowNull(TEXTS) }),
];

export const STORED_CHANGED: Schema = object({
  policy: TEXT,
  notes: TEXTS,
  result: { anyOf: [object({ kind: oneOf('in-force'), inForce: IN_FORCE }), ...STORED_ALONE] },
});

export const DYNAMIC_CHANGED: Schema = object({
  changes: TEXTS,
  rules: TEXTS,
  agent: INTEGER,
  inForce: allowNull(object({ policy: TEXT, generation: INTEGER })),
  interfaces: TEXTS,
  notes: TEXTS,
});

const OPEN_HOOKS = list(object({ name: TEXT, direction: DIRECTION }));

const HOOK = object({
  direction: DIRECTION,
  hook: oneOf('xdp', 'tcx', 'clsact'),
  program: object({ id: INTEGER, tag: TEXT }),
  policy: allowNull(TEXT),
  hash: allowNull(TEXT),
  generation: allowNull(INTEGER),
  since: allowNull(TEXT),
});

export const STATUS: Schema = object({
  pending: PENDING,
  assigned: ASSIGNMENT,
  policy: allowNull(TEXT),
  generation: allowNull(INTEGER),
  dynamic: object({
    rules: list(object({ name: TEXT, action: ACTION, filters: INTEGER })),
    agent: allowNull(INTEGER),
  }),
  interfaces: list(
    object({ name: TEXT, ifindex: INTEGER, mode: allowNull(oneOf('native', 'generic')), hooks: list(HOOK) }),
  ),
  gaps: OPEN_HOOKS,
  openByChoice: OPEN_HOOKS,
  warnings: TEXTS,
});

const COUNTER = {
  by: oneOf('rule', 'default', 'exemption', 'parse'),
  rule: allowNull(TEXT),
  reason: allowNull(TEXT),
  action: ACTION,
  packets: COUNT,
  bytes: COUNT,
  policy: allowNull(TEXT),
};

export const COUNTERS: Schema = object({
  policy: allowNull(TEXT),
  generation: allowNull(INTEGER),
  interfaces: list(
    object(
      {
        name: TEXT,
        direction: DIRECTION,
        counters: list(object(COUNTER)),
        retired: list(object({ action: ACTION, counters: COUNT, packets: COUNT, bytes: COUNT })),
        fragments: object({ packets: COUNT, bytes: COUNT }),
      },
      { rules: list(object({ action: ACTION, packets: COUNT, bytes: COUNT })) },
    ),
  ),
});

export const RULE_COUNTERS: Schema = object({
  policy: allowNull(TEXT),
  rules: list(object({ rule: TEXT, packets: COUNT, bytes: COUNT, lastMatch: allowNull(TEXT) })),
});

export const RETIRED_COUNTERS: Schema = object({
  page: INTEGER,
  pages: INTEGER,
  limit: INTEGER,
  total: INTEGER,
  counters: list(object({ interface: TEXT, direction: DIRECTION, ...COUNTER })),
});

export const AUDIT: Schema = object({
  policy: allowNull(TEXT),
  version: allowNull(INTEGER),
  hash: allowNull(TEXT),
  since: allowNull(TEXT),
  sides: list(
    object({
      interface: TEXT,
      direction: DIRECTION,
      agreed: COUNT,
      changes: list(
        object({
          change: oneOf('would_drop', 'would_pass'),
          by: TEXT,
          rule: allowNull(TEXT),
          reason: allowNull(TEXT),
          packets: COUNT,
          bytes: COUNT,
        }),
      ),
    }),
  ),
});

export const SUGGESTED: Schema = object({
  policy: TEXT,
  version: INTEGER,
  hash: TEXT,
  since: TEXT,
  dropped: list(object({ by: TEXT, rule: allowNull(TEXT), reason: allowNull(TEXT), packets: COUNT })),
  samples: INTEGER,
  leftOut: INTEGER,
  permits: list(
    object({
      rule: TEXT,
      filter: TEXT,
      directions: list(DIRECTION),
      samples: INTEGER,
      addresses: list(object({ address: TEXT, samples: INTEGER })),
      isMany: TRUTH,
      droppedBy: list(allowNull(TEXT)),
      stillDroppedBy: allowNull(TEXT),
    }),
  ),
  fragment: TEXT,
});

export const AUDIT_ENDED: Schema = object({ interfaces: TEXTS });

export const AUDIT_STARTED: Schema = object({
  policy: TEXT,
  version: INTEGER,
  hash: TEXT,
  interfaces: TEXTS,
  diagnostics: DIAGNOSTICS,
  omitted: list(OMITTED),
});

const REPORTED_RULE = object({
  rule: allowNull(TEXT),
  action: ACTION,
  packets: COUNT,
  bytes: COUNT,
  lastMatch: allowNull(TEXT),
});

const TRAFFIC = {
  policy: TEXT,
  since: TEXT,
  until: TEXT,
  gaps: list(object({ kind: oneOf('restart', 'unfiltered', 'agent', 'filters'), from: TEXT, to: TEXT })),
  gapsLeftOut: COUNT,
  notes: TEXTS,
  hours: list(object({ at: TEXT, pass: COUNT, drop: COUNT })),
  rules: list(REPORTED_RULE),
  unusedRules: list(REPORTED_RULE),
  unusedFilters: allowNull(list(object({ rule: TEXT, filter: TEXT, since: TEXT, lastMatch: allowNull(TEXT) }))),
  topRules: list(REPORTED_RULE),
  sampledSeconds: COUNT,
};

export const TRAFFIC_REPORT: Schema = object(TRAFFIC);

export const REPORT: Schema = object({
  ...TRAFFIC,
  fewSources: list(
    object({
      rule: TEXT,
      filter: TEXT,
      end: oneOf('source', 'destination'),
      samples: COUNT,
      sources: list(object({ address: TEXT, samples: COUNT })),
    }),
  ),
  shadowed: list(object({ code: TEXT, rules: TEXTS, message: TEXT })),
  candidates: list(object({ rule: TEXT, why: TEXT, edit: allowNull(TEXT) })),
});

export const POLICIES: Schema = object({
  policies: list(
    object({
      name: TEXT,
      version: allowNull(INTEGER),
      who: allowNull(TEXT),
      at: allowNull(TEXT),
      hash: allowNull(TEXT),
      assigned: allowNull(INTEGER),
    }),
  ),
  setAside: TEXTS,
});

const RECORD = { version: INTEGER, who: TEXT, at: TEXT, hash: TEXT };

export const HISTORY: Schema = object({
  policy: TEXT,
  versions: list(object({ ...RECORD, assigned: TRUTH })),
  assignedSince: allowNull(TEXT),
});

export const STORED: Schema = object({ ...RECORD, text: TEXT, setFiles: mapOf(TEXT) });

const POLICY_AT = allowNull(object({ policy: TEXT, version: INTEGER, hash: TEXT }));

export const CHANGES: Schema = object({
  changes: list(
    object({
      at: TEXT,
      who: TEXT,
      uid: allowNull(INTEGER),
      via: oneOf('command', 'agent', 'remote', 'kernel'),
      verb: TEXT,
      policy: allowNull(TEXT),
      from: POLICY_AT,
      to: POLICY_AT,
      result: TEXT,
      message: allowNull(TEXT),
    }),
  ),
  damaged: INTEGER,
});

/** The data of each event of LIVE_PATH. */
export const LIVE: Schema = object({
  status: STATUS,
  policies: POLICIES,
  counters: COUNTERS,
  unchanged: object({}),
});
