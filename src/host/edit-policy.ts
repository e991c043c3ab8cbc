/** A rule added to the text of a policy, and what that does. Nothing is stored. */
import { EnvironmentError } from '../base/environment-error.ts';
import { editPolicyText } from '../formats/ipsecpol/edit.ts';
import type { KeyedRule } from '../formats/yaml/keyed-rule.ts';
import type { CheckOutcome } from './check-policy.ts';
import { checkPolicy } from './check-policy.ts';
import type { HostContext } from './context.ts';
import type { DiffOutcome } from './diff-policies.ts';
import { diffForHost } from './diff-policies.ts';
import type { PolicyInput } from './policy-input.ts';
import { readPolicyInput, textOf } from './policy-input.ts';

export interface EditRequest {
  readonly input: PolicyInput;
  /** It takes the place of one of its name. */
  readonly rule: KeyedRule & {
    /** undefined: every interface. */
    readonly interfaces?: readonly string[] | undefined;
  };
}

export interface EditOutcome {
  readonly text: string;
  /** A rule of that name was there. */
  readonly replaced: boolean;
  /** Of the text with the rule. */
  readonly checked: CheckOutcome;
  /** Whose verdict the rule changes; null where one of the two texts has errors. */
  readonly packets: DiffOutcome['packets'] | null;
}

/** Throws EnvironmentError where rules cannot be added to the text. */
export async function editPolicy(context: HostContext, { input, rule }: EditRequest): Promise<EditOutcome> {
  const before = textOf(context, input);
  const { interfaces, ...added } = rule;
  const edited = editPolicyText(before.text, { kind: 'add', rule: rule.name, rules: [added], interfaces });
  if (edited === undefined) {
    throw new EnvironmentError('XDPOL_E_NOT_EDITABLE', `rules cannot be added to the text of ${before.file}`, {
      help: 'add it by hand: the text is no YAML mapping, or its rules are an alias',
    });
  }
  const after = { ...before, text: edited.text };
  const checked = await checkPolicy(context, { input: after, isBrief: true });
  const isComparable = checked.errors === 0 && !readPolicyInput(context, before).diags.failed;
  const packets = isComparable ? (await diffForHost(context, { from: before, to: after })).packets : null;
  return { text: edited.text, replaced: edited.replaced.length > 0, checked, packets };
}
