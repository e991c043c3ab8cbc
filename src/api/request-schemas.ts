/** What requests to the agent must look like. */
import type { Schema } from './schema.ts';
import { INTEGER, list, mapOf, NAMES, object, oneOf, TEXT, TRUTH } from './schema.ts';

const MODE = oneOf('native', 'generic', 'auto');
const HOOK = oneOf('xdp', 'tcx');
const FILE: Schema = { anyOf: [object({ base64: TEXT }), object({ error: TEXT })] };
const VERSION: Schema = { ...INTEGER, minimum: 1 };

/** To wait for a confirmation; at most a day. */
const SECONDS: Schema = { type: 'number', exclusiveMinimum: 0, maximum: 86_400 };

/** A policy with the files that it names. */
export const WIRE_TEXT: Schema = object({ file: TEXT, text: TEXT, files: mapOf(FILE) });

const INPUT: Schema = {
  anyOf: [WIRE_TEXT, object({ stored: TEXT }, { version: VERSION, isNoFile: TRUTH })],
};

export const APPLY: Schema = object(
  { input: INPUT, interfaces: NAMES, mode: MODE },
  { hook: HOOK, ingressOnly: TRUTH, dryRun: TRUTH, confirm: SECONDS, force: TRUTH },
);

export const ASSIGN: Schema = object(
  { name: TEXT },
  { version: VERSION, interfaces: NAMES, mode: MODE, hook: HOOK, confirm: SECONDS, force: TRUTH },
);

/** Addresses that `me` stands for. */
const ME = NAMES;

export const CHECK: Schema = object({ input: INPUT }, { me: ME, isBrief: TRUTH, isThorough: TRUTH });

export const EXPLAIN: Schema = object(
  { packet: TEXT },
  {
    input: INPUT,
    isEstablished: TRUTH,
    isFragment: TRUTH,
    interface: TEXT,
    me: ME,
    members: list(object({ list: object({ name: TEXT, text: TEXT }) }, { set: TEXT })),
  },
);

export const DIFF: Schema = object({ to: INPUT }, { from: INPUT, me: ME });

/** Names and patterns. */
export const DOCTOR: Schema = object({}, { interfaces: NAMES });

const POSITIVE: Schema = { ...INTEGER, minimum: 1, maximum: 1_000_000 };

export const COUNTERS: Schema = object({}, { dropping: POSITIVE });

export const RULE_COUNTERS: Schema = object({ rules: NAMES });

export const RETIRED_COUNTERS: Schema = object({}, { page: POSITIVE, limit: POSITIVE });

/** Seconds. */
export const REPORT: Schema = object({}, { unusedFor: { type: 'number', exclusiveMinimum: 0 } });

export const RESTORE: Schema = object({ wait: { type: 'number', minimum: 0, maximum: 3600 } });

const SPEC_RULE = object({ name: TEXT, action: oneOf('permit', 'block'), specs: list(TEXT) });
const ADD = object({ kind: oneOf('add'), rule: TEXT, rules: list(SPEC_RULE) }, { group: oneOf('lan', 'dialup') });
const DELETE_RULES = object({ kind: oneOf('delete-rules'), rules: list(TEXT) });

export const DYNAMIC_CHANGE: Schema = { anyOf: [ADD, DELETE_RULES] };

export const STORED_CHANGE: Schema = object(
  {
    policy: TEXT,
    change: { anyOf: [ADD, DELETE_RULES, object({ kind: oneOf('none', 'delete-policy') })] },
  },
  { assignment: oneOf('assign', 'unassign'), confirm: SECONDS, force: TRUTH },
);

/** A set's name, as a policy may have it. */
const SET_NAME: Schema = { type: 'string', minLength: 1, maxLength: 200 };

export const SET_CHANGE: Schema = object(
  { set: SET_NAME, change: oneOf('add', 'remove', 'clear', 'load') },
  {
    list: object({ name: TEXT, text: TEXT }),
    seconds: { type: 'number', exclusiveMinimum: 0, maximum: 10 * 365 * 86_400 },
    note: TEXT,
    replace: TRUTH,
    split: TRUTH,
  },
);

export const SET_READ: Schema = object({}, { search: TEXT, page: POSITIVE, limit: POSITIVE });

export const SET_TEST: Schema = object({ address: TEXT });

export const STORE: Schema = object({ input: INPUT });

/** A filter by the keys of the policy file; what they may hold is checked when the policy is read. */
const FILTER_KEYS: Schema = { type: 'object', maxProperties: 32 };

export const EDIT: Schema = object({
  input: INPUT,
  rule: object(
    { name: TEXT, action: oneOf('permit', 'block'), filters: { ...list(FILTER_KEYS), minItems: 1 } },
    { interfaces: NAMES },
  ),
});

export const FORMAT: Schema = object({ text: TEXT });

export const AUDIT: Schema = object({ input: INPUT });

export const OUTLINE: Schema = object({ input: INPUT }, { search: TEXT, page: POSITIVE, limit: POSITIVE });

export const CHART: Schema = object({ name: TEXT, chart: TEXT });
