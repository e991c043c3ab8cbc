/** JSON Schemas of what each verb prints with --json: docs/schemas. Where the agent answers the same, it is the same schema. */
import { OPEN_CONSOLE } from '../api/console-session.ts';
import { LOST, SAMPLE } from '../api/events.ts';
import { STANDING } from '../api/fleet-console.ts';
import * as answers from '../api/outcome-schemas.ts';
import type { Schema } from '../api/schema.ts';
import { allowNull, COUNT, INTEGER, list, mapOf, object, oneOf, selectProperties, TEXT, TRUTH } from '../api/schema.ts';

const TEXTS = list(TEXT);
const VERDICT = oneOf('pass', 'drop');
const ACTION = oneOf('permit', 'block');
const DIRECTION = oneOf('ingress', 'egress');
const BY = oneOf('rule', 'default', 'exemption', 'parse');
const MODES = object({ ipv4: TEXT, ipv6: TEXT });
const NUMBERS = mapOf({ type: 'number' });

const DIAGNOSTICS = list(
  object({
    code: TEXT,
    severity: oneOf('error', 'warning', 'note'),
    file: TEXT,
    line: INTEGER,
    column: INTEGER,
    message: TEXT,
    help: allowNull(TEXT),
  }),
);

/** Of every verb where it has no outcome. */
export const ERROR_SCHEMA: Schema = object({
  ok: { const: false },
  error: object({ code: allowNull(TEXT), message: TEXT, help: allowNull(TEXT), exitCode: INTEGER }),
  diagnostics: DIAGNOSTICS,
});

const DECISION = { verdict: VERDICT, by: BY, rule: allowNull(TEXT), filter: allowNull(TEXT), reason: allowNull(TEXT) };
const MILLISECONDS = { milliseconds: COUNT };
const IN_FORCE = { ...selectProperties(answers.IN_FORCE, 'interfaces', 'pending', 'hash', 'notes'), ...MILLISECONDS };

const CHECK = object({
  ok: TRUTH,
  diagnostics: DIAGNOSTICS,
  summary: object({
    policy: allowNull(TEXT),
    rules: COUNT,
    filters: COUNT,
    addressSets: COUNT,
    errors: COUNT,
    warnings: COUNT,
    omitted: list(object({ code: TEXT, count: COUNT, atLeast: TRUTH })),
  }),
});

const REPLAY_LINE = object({ packet: INTEGER, ...DECISION, text: TEXT });
const REPLAY_SUMMARY = object({
  packets: COUNT,
  capturedShort: COUNT,
  decidedByReference: COUNT,
  rows: list(
    object({ verdict: VERDICT, by: BY, rule: allowNull(TEXT), reason: allowNull(TEXT), packets: COUNT, bytes: COUNT }),
  ),
});

const COMPILE = object({
  policy: TEXT,
  filters: COUNT,
  directedFilters: COUNT,
  classes: NUMBERS,
  ranges: NUMBERS,
  modes: MODES,
  tables: list(object({ name: TEXT, entries: COUNT, bytes: COUNT })),
  bytes: COUNT,
  milliseconds: NUMBERS,
});

const DOCTOR = object({
  interfaces: TEXTS,
  checks: COUNT,
  findings: list(
    object({
      check: TEXT,
      severity: TEXT,
      interface: allowNull(TEXT),
      what: TEXT,
      why: TEXT,
      advice: allowNull(TEXT),
      command: allowNull(TEXTS),
      safe: allowNull(TRUTH),
      leaks: TRUTH,
      mended: allowNull(TRUTH),
      reason: allowNull(TEXT),
    }),
  ),
});

const SUBJECT = {
  by: TEXT,
  rule: allowNull(TEXT),
  reason: allowNull(TEXT),
  family: oneOf('ipv4', 'ipv6'),
  verdict: VERDICT,
};
const BENCH = object({
  policy: TEXT,
  interface: allowNull(TEXT),
  environment: { type: 'object' },
  filters: COUNT,
  modes: MODES,
  tableBytes: COUNT,
  rounds: COUNT,
  packetsPerRound: COUNT,
  rows: list(
    object({
      ...SUBJECT,
      standing: {},
      packets: COUNT,
      nanoseconds: { type: 'object' },
      impliedMpps: allowNull(COUNT),
      live: allowNull(object({ bareMpps: COUNT, mpps: COUNT, share: COUNT })),
    }),
  ),
  screened: list(object({ ...SUBJECT, overBare: { type: 'number' } })),
  notFound: list(object(SUBJECT)),
  takeNoPart: list(object({ rule: TEXT, why: TEXT })),
  leftOut: {},
});

/** A policy file: its own schema is policy.schema.json in the package. */
const POLICY: Schema = { type: 'object' };

const CERTIFICATE = {
  name: TEXT,
  kind: oneOf('host', 'operator'),
  role: allowNull(TEXT),
  addresses: TEXTS,
  serial: TEXT,
  notBefore: TEXT,
  notAfter: TEXT,
  revokedAt: allowNull(TEXT),
};

/** `issue` and `renew`, `revoke`, `list`. */
const PKI: Schema = {
  anyOf: [
    object({ ...CERTIFICATE, folder: TEXT }),
    object({ revoked: list(object(CERTIFICATE)), list: TEXT }),
    object({ certificates: list(object(CERTIFICATE)) }),
  ],
};

const BAN_ENTRY = object({ prefix: TEXT, until: INTEGER });
const ORDER = object(
  {
    kind: oneOf('policy', 'unassign', 'bans'),
    target: TEXT,
    seq: INTEGER,
    issued: INTEGER,
    expires: INTEGER,
    previous: allowNull(TEXT),
    wave: { type: 'null' },
  },
  {
    policy: object({ name: TEXT, version: INTEGER, sha256: TEXT, size: INTEGER }),
    bans: object({ set: TEXT, entries: list(BAN_ENTRY) }),
  },
);

const ROLLOUT = object({
  ...{ id: TEXT, target: TEXT, released: INTEGER, waves: INTEGER, reason: allowNull(TEXT) },
  state: oneOf('running', 'stopped', 'done', 'returned'),
});

/** `host`, `group`, `token`, `build`, `publish`, `order` and `ban`, `rollout`, `stop` and `rollback`, `console`, `status` and `diff`, `export`, `import`, `backup`, `restore`. */
const FLEET: Schema = {
  anyOf: [
    object({
      host: object({ name: TEXT, labels: mapOf(TEXT), groups: TEXTS, fingerprint: allowNull(TEXT) }),
    }),
    object({ group: object({ name: TEXT, priority: INTEGER, selector: allowNull(TEXT) }), hosts: TEXTS }),
    object({ host: TEXT, token: TEXT, expires: TEXT }),
    object({ policy: TEXT, bundle: TEXT, sha256: TEXT, size: INTEGER }),
    object({
      published: object({
        ...{ name: TEXT, version: INTEGER, sha256: TEXT, size: INTEGER },
        ...{ published: INTEGER, by: TEXT },
      }),
    }),
    object({ order: ORDER, hosts: TEXTS }),
    object({ rollout: ROLLOUT }),
    OPEN_CONSOLE.outcome,
    object({ hosts: list(STANDING) }),
    object({ folder: TEXT, files: INTEGER }),
    object({ folder: TEXT, imported: object({ groups: TEXTS, hosts: TEXTS, policies: TEXTS, orders: TEXTS }) }),
    object({ file: TEXT, keys: INTEGER, bytes: INTEGER }),
    object({ store: TEXT, keys: INTEGER }),
  ],
};

const FMT = object({
  ok: TRUTH,
  policies: list(object({ file: TEXT, formatted: allowNull(TRUTH), written: TRUTH, text: allowNull(TEXT) })),
  diagnostics: DIAGNOSTICS,
});

/** `install` and `uninstall`. */
const UNITS = object({
  units: list(
    object({ unit: TEXT, path: TEXT, change: oneOf('installed', 'removed', 'was-not-installed'), wantedBy: TEXT }),
  ),
});

/** `show`, a change of stored policies, a change of dynamic rules; of a file a line for each command. */
const IPSECPOL: Schema = {
  anyOf: [
    object({
      assigned: allowNull(TEXT),
      policies: list(object({ name: TEXT, commands: TEXTS, diagnostics: DIAGNOSTICS })),
      dynamic: list(object({ rule: TEXT, commands: TEXTS })),
    }),
    object({
      policy: TEXT,
      notes: TEXTS,
      result: {
        anyOf: [
          object({
            kind: oneOf('in-force'),
            inForce: object({
              ...selectProperties(
                answers.IN_FORCE,
                'policy',
                'hash',
                'version',
                'generation',
                'interfaces',
                'notes',
                'pending',
              ),
              diagnostics: DIAGNOSTICS,
            }),
          }),
          ...answers.STORED_ALONE,
        ],
      },
    }),
    object({
      ...selectProperties(answers.DYNAMIC_CHANGED, 'changes', 'rules', 'inForce', 'interfaces', 'notes'),
      agent: allowNull(INTEGER),
    }),
  ],
};

const RATE = { packetsPerSecond: COUNT, bitsPerSecond: COUNT };

const TOP = object({
  policy: allowNull(TEXT),
  generation: allowNull(INTEGER),
  interval: COUNT,
  rows: list(object({ by: TEXT, name: TEXT, action: ACTION, packets: COUNT, bytes: COUNT, ...RATE })),
  interfaces: list(object({ name: TEXT, direction: DIRECTION, pass: object(RATE), drop: object(RATE) })),
  pass: object(RATE),
  drop: object(RATE),
});

/** By the verb's name. */
export const VERB_SCHEMAS: Readonly<Record<string, Schema>> = {
  fleet: FLEET,
  apply: {
    anyOf: [
      object({
        policy: TEXT,
        ...IN_FORCE,
        generation: allowNull(INTEGER),
        applied: TRUTH,
        diagnostics: DIAGNOSTICS,
      }),
      object({
        ...selectProperties(answers.AUDIT_STARTED, 'policy', 'version', 'hash', 'interfaces'),
        audit: { const: true },
        diagnostics: DIAGNOSTICS,
      }),
    ],
  },
  assign: object({ policy: TEXT, version: INTEGER, ...IN_FORCE, generation: INTEGER, diagnostics: DIAGNOSTICS }),
  /** Without a word behind it, and of `audit suggest`. */
  audit: { anyOf: [answers.AUDIT, answers.SUGGESTED] },
  bench: BENCH,
  check: CHECK,
  compile: COMPILE,
  confirm: object(selectProperties(answers.CONFIRMED, 'policy', 'version', 'generation', 'interfaces')),
  console: OPEN_CONSOLE.outcome,
  counters: { anyOf: [answers.COUNTERS, answers.RETIRED_COUNTERS] },
  delete: answers.DELETED,
  events: { anyOf: [object(SAMPLE['properties'] as Readonly<Record<string, Schema>>, { names: mapOf(TEXT) }), LOST] },
  diff: object(
    selectProperties(answers.DIFFERENCE, 'from', 'to', 'same', 'settings', 'rules', 'addressSets', 'packets'),
  ),
  doctor: DOCTOR,
  explain: answers.EXPLANATION,
  fmt: FMT,
  history: { anyOf: [object(selectProperties(answers.HISTORY, 'policy', 'versions')), answers.CHANGES] },
  host: object({ hosts: list(object({ name: TEXT, url: TEXT })) }),
  import: object({ policy: POLICY, leftOut: list(INTEGER), diagnostics: DIAGNOSTICS }),
  install: UNITS,
  ipsecpol: IPSECPOL,
  list: answers.POLICIES,
  pki: PKI,
  promote: object({
    version: INTEGER,
    ...selectProperties(answers.IN_FORCE, 'policy', 'generation', 'interfaces', 'pending'),
  }),
  replay: { anyOf: [REPLAY_LINE, REPLAY_SUMMARY] },
  report: answers.REPORT,
  restore: object({
    ...selectProperties(answers.RESTORED, 'policy', 'version', 'generation', 'interfaces', 'missing', 'degraded'),
    ...MILLISECONDS,
  }),
  rollback: object(selectProperties(answers.ROLLED_BACK, 'policy', 'version', 'previous', 'interfaces')),
  set: { anyOf: [answers.SET_CHANGED, answers.SETS, answers.SET, answers.SET_TESTED] },
  show: POLICY,
  status: object({
    ...selectProperties(
      answers.STATUS,
      'pending',
      'assigned',
      'policy',
      'generation',
      'dynamic',
      'interfaces',
      'warnings',
    ),
    gaps: TEXTS,
  }),
  top: TOP,
  uninstall: UNITS,
  unassign: object(selectProperties(answers.UNASSIGNED, 'policy', 'interfaces', 'remaining', 'dynamic')),
};
