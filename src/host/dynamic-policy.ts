/** Dynamic rules as part of a policy. */
import { createHash } from 'node:crypto';
import { present } from '../base/assert.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import { editPolicyText, newPolicyText } from '../formats/ipsecpol/edit.ts';
import { readPolicy } from '../formats/yaml/policy-reader.ts';
import type { Policy, Rule } from '../policy/model.ts';
import type { DynamicRule } from '../store/store.ts';
import { DYNAMIC_POLICY, hashOfPolicy } from '../store/store.ts';
import type { PolicyReading } from './policy-input.ts';

const EMPTY = newPolicyText(DYNAMIC_POLICY);
const readSetFile = (): { readonly error: string } => ({ error: 'not there' });

/** A policy with nothing in it, for rules where no policy is assigned. */
export function emptyPolicy(): PolicyReading {
  const source = { text: EMPTY, setFiles: new Map<string, Uint8Array>() };
  // It warns that there are no rules, which there are about to be.
  const policy = readPolicy({ file: DYNAMIC_POLICY, text: EMPTY, readSetFile }, new Diagnostics());
  return { policy, diags: new Diagnostics(), source, hash: hashOfPolicy(source) };
}

/** The rules as a policy of their own; what is wrong with them is reported as of a file `dynamic rules`. */
function readRules(rules: readonly DynamicRule[], diags: Diagnostics): readonly Rule[] {
  const text = rules.reduce((before, { rule, rules: specRules, interfaces }) => {
    const edit = { kind: 'add', rule, rules: specRules, interfaces: interfaces ?? undefined } as const;
    return present(editPolicyText(before, edit), rule).text;
  }, EMPTY);
  return readPolicy({ file: DYNAMIC_POLICY, text, readSetFile }, diags)?.rules ?? [];
}

export interface WithDynamicRules {
  readonly policy: Policy;
  /** Names of the rules that were added, as they are counted. */
  readonly dynamic: readonly string[];
}

/**
 * Adds rules to a policy. Their names are no stored rule's, so their counters are their own, also where both were given
 * the same name.
 */
export function addDynamicRules(policy: Policy, rules: readonly DynamicRule[], diags: Diagnostics): WithDynamicRules {
  if (rules.length === 0) return { policy, dynamic: [] };
  const taken = new Set(policy.rules.map(({ name }) => name));
  const added = readRules(rules, diags).map((rule): Rule => {
    let name = dynamicName(rule.name);
    for (let i = 2; taken.has(name); i++) name = dynamicName(rule.name, i);
    taken.add(name);
    return { ...rule, name };
  });
  return { policy: { ...policy, rules: [...policy.rules, ...added] }, dynamic: added.map(({ name }) => name) };
}

function dynamicName(rule: string, number?: number): string {
  return `${rule} (dynamic${number === undefined ? '' : ` ${number}`})`;
}

/** Of what a policy with dynamic rules was made from; without any it is the policy's own. */
export function hashWith(hash: string, rules: readonly DynamicRule[]): string {
  if (rules.length === 0) return hash;
  return createHash('sha256')
    .update(`${hash}\0${JSON.stringify(rules)}`)
    .digest('hex');
}
