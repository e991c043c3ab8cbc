/** What the agent answers. */
import type { Schema } from './schema.ts';
import { COUNT, INTEGER, list, mapOf, nullable, object, oneOf, TEXT, TRUTH } from './schema.ts';

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
  { help: TEXT, rules: TEXTS, isNew: nullable(TRUTH) },
);

/** Findings that are counted and not listed. */
const OMITTED = object({
  code: TEXT,
  severity: oneOf('error', 'warning', 'note'),
  grouped: INTEGER,
  left: INTEGER,
  atLeast: TRUTH,
  isNew: nullable(TRUTH),
});

const DIAGNOSTICS = list(DIAGNOSTIC);

export const CHECKED: Schema = object({
  policy: nullable(TEXT),
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
  rule: nullable(TEXT),
  filter: nullable(TEXT),
  reason: nullable(TEXT),
};

export const EXPLANATION: Schema = object({
  ...DECISION,
  decidedBy: nullable(TEXT),
  candidates: list(
    object({
      rule: TEXT,
      filter: TEXT,
      action: ACTION,
      mirrored: TRUTH,
      rank: mapOf({ type: ['number', 'boolean'] }),
      behindBy: nullable(TEXT),
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
      interface: nullable(TEXT),
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

export const STORED_NEW: Schema = object({ policy: TEXT, version: INTEGER, hash: TEXT });

export const EDITED: Schema = object({ text: TEXT, replaced: TRUTH, checked: CHECKED, packets: nullable(PACKETS) });

export const CHARTED: Schema = object({ text: nullable(TEXT), diagnostics: DIAGNOSTICS });

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
      interfaces: nullable(TEXTS),
      line: INTEGER,
    }),
  ),
  addressSets: list(object({ name: TEXT, prefixes: COUNT })),
  tests: INTEGER,
  diagnostics: DIAGNOSTICS,
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
  { code: TEXT, message: TEXT, help: nullable(TEXT) },
  { diagnostics: list(DIAGNOSTIC), holder: object({ who: TEXT, since: nullable(TEXT) }) },
);

const ASSIGNED = object(
  { policy: TEXT, version: INTEGER, hash: TEXT, interfaces: TEXTS, mode: MODE, at: TEXT },
  { ingressOnly: TRUTH, tcx: TEXTS },
);

export const ASSIGNMENT: Schema = nullable(ASSIGNED);

const PREVIOUS = nullable(object({ policy: TEXT, generation: INTEGER }));

const PENDING = nullable(
  object({
    policy: TEXT,
    version: INTEGER,
    hash: TEXT,
    generation: nullable(INTEGER),
    interfaces: TEXTS,
    previous: PREVIOUS,
    until: TEXT,
    secondsLeft: COUNT,
  }),
);

export const PENDING_REPORT: Schema = object({ pending: PENDING, settled: nullable(TEXT) });

export const CONFIRMED: Schema = object({
  policy: TEXT,
  version: INTEGER,
  generation: nullable(INTEGER),
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
  version: nullable(INTEGER),
  generation: INTEGER,
  interfaces: TEXTS,
  notes: TEXTS,
  diagnostics: list(DIAGNOSTIC),
  omitted: list(OMITTED),
  lacksAddresses: TRUTH,
  pending: PENDING,
});

export const UNASSIGNED: Schema = object({
  policy: nullable(TEXT),
  interfaces: TEXTS,
  remaining: TEXTS,
  dynamic: TEXTS,
  notes: TEXTS,
  failures: TEXTS,
});

export const RESTORED: Schema = object({
  policy: nullable(TEXT),
  version: nullable(INTEGER),
  generation: nullable(INTEGER),
  interfaces: TEXTS,
  missing: TEXTS,
  degraded: nullable(TEXT),
  notes: TEXTS,
});

export const DELETED: Schema = object({ policy: TEXT, versions: list(INTEGER), unpinned: TEXTS });

/** Results of a change of a stored policy that put nothing in force. */
export const STORED_ALONE: readonly Schema[] = [
  object({ kind: oneOf('stored', 'unchanged') }),
  object({ kind: oneOf('unassigned'), interfaces: TEXTS }),
  object({ kind: oneOf('not-assigned'), assigned: nullable(TEXT) }),
  object({ kind: oneOf('deleted'), interfaces: nullable(TEXTS) }),
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
  inForce: nullable(object({ policy: TEXT, generation: INTEGER })),
  interfaces: TEXTS,
  notes: TEXTS,
});

const OPEN_HOOKS = list(object({ name: TEXT, direction: DIRECTION }));

const HOOK = object({
  direction: DIRECTION,
  hook: oneOf('xdp', 'tcx', 'clsact'),
  program: object({ id: INTEGER, tag: TEXT }),
  policy: nullable(TEXT),
  hash: nullable(TEXT),
  generation: nullable(INTEGER),
  since: nullable(TEXT),
});

export const STATUS: Schema = object({
  pending: PENDING,
  assigned: ASSIGNMENT,
  policy: nullable(TEXT),
  generation: nullable(INTEGER),
  dynamic: object({
    rules: list(object({ name: TEXT, action: ACTION, filters: INTEGER })),
    agent: nullable(INTEGER),
  }),
  interfaces: list(
    object({ name: TEXT, ifindex: INTEGER, mode: nullable(oneOf('native', 'generic')), hooks: list(HOOK) }),
  ),
  gaps: OPEN_HOOKS,
  openByChoice: OPEN_HOOKS,
  warnings: TEXTS,
});

const COUNTER = {
  by: oneOf('rule', 'default', 'exemption', 'parse'),
  rule: nullable(TEXT),
  reason: nullable(TEXT),
  action: ACTION,
  packets: COUNT,
  bytes: COUNT,
  policy: nullable(TEXT),
};

export const COUNTERS: Schema = object({
  policy: nullable(TEXT),
  generation: nullable(INTEGER),
  interfaces: list(
    object({
      name: TEXT,
      direction: DIRECTION,
      counters: list(object(COUNTER)),
      retired: list(object({ action: ACTION, counters: COUNT, packets: COUNT, bytes: COUNT })),
      fragments: object({ packets: COUNT, bytes: COUNT }),
    }),
  ),
});

export const RETIRED_COUNTERS: Schema = object({
  page: INTEGER,
  pages: INTEGER,
  limit: INTEGER,
  total: INTEGER,
  counters: list(object({ interface: TEXT, direction: DIRECTION, ...COUNTER })),
});

export const POLICIES: Schema = object({
  policies: list(
    object({
      name: TEXT,
      version: nullable(INTEGER),
      who: nullable(TEXT),
      at: nullable(TEXT),
      hash: nullable(TEXT),
      assigned: nullable(INTEGER),
    }),
  ),
  setAside: TEXTS,
});

const RECORD = { version: INTEGER, who: TEXT, at: TEXT, hash: TEXT };

export const HISTORY: Schema = object({
  policy: TEXT,
  versions: list(object({ ...RECORD, assigned: TRUTH })),
  assignedSince: nullable(TEXT),
});

export const STORED: Schema = object({ ...RECORD, text: TEXT, setFiles: mapOf(TEXT) });

const POLICY_AT = nullable(object({ policy: TEXT, version: INTEGER, hash: TEXT }));

export const CHANGES: Schema = object({
  changes: list(
    object({
      at: TEXT,
      who: TEXT,
      uid: nullable(INTEGER),
      via: oneOf('command', 'agent', 'remote', 'kernel'),
      verb: TEXT,
      policy: nullable(TEXT),
      from: POLICY_AT,
      to: POLICY_AT,
      result: TEXT,
      message: nullable(TEXT),
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
