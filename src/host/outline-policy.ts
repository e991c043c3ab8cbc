/** The rules of a policy a page at a time, and a search in them. */
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { OutlinedRule, PolicyOutline } from '../policy/outline.ts';
import { outlineOf } from '../policy/outline.ts';
import type { HostContext } from './context.ts';
import { isLarge, keepOutline, readKeptOutline } from './kept-outline.ts';
import type { PolicyInput, StoredPolicyInput } from './policy-input.ts';
import { readPolicyInput } from './policy-input.ts';
import { readStored } from './stored-policies.ts';

export interface OutlineRequest {
  readonly input: PolicyInput;
  /** Words that a rule must have, in its name, its action, the name of its filter list or its filters. */
  readonly search?: string | undefined;
  /** From 1 on. */
  readonly page?: number | undefined;
  /** Rules of a page; without it all are one page. */
  readonly limit?: number | undefined;
}

/** `rules` are those of the page. */
export interface OutlineOutcome extends PolicyOutline {
  /** How many have the words. */
  readonly found: number;
  readonly total: number;
}

/** Throws PolicyRejected where the policy has errors. */
export function outlinePolicy(context: HostContext, request: OutlineRequest): OutlineOutcome {
  const { input, search = '', page = 1 } = request;
  const outline = 'text' in input ? readOutline(context, input) : outlineOfStored(context, input);
  const found = findRules(outline, search);
  const { limit = Math.max(1, found.length) } = request;
  return {
    ...outline,
    rules: found.slice((page - 1) * limit, page * limit),
    found: found.length,
    total: outline.rules.length,
  };
}

/** The one that is remembered, else the one that is kept: reading a text of very many rules takes long. */
function outlineOfStored(context: HostContext, input: StoredPolicyInput): PolicyOutline {
  const { hash } = readStored(context, input.stored, input.version);
  const remembered = context.outlines?.find(hash);
  if (remembered !== undefined) return remembered;
  const kept = readKeptOutline(context, hash);
  const outline = kept ?? readOutline(context, input);
  if (kept === undefined && isLarge(outline)) keepOutline(context, hash, outline);
  context.outlines?.keep(hash, outline);
  return outline;
}

function readOutline(context: HostContext, input: PolicyInput): PolicyOutline {
  const { policy, diags, hash } = readPolicyInput(context, input);
  if (policy === undefined || diags.failed) throw new PolicyRejected(diags.all);
  const outline = context.outlines?.find(hash) ?? outlineOf(policy);
  context.outlines?.keep(hash, outline);
  return outline;
}

/** What a search looks through, by rule, of outlines that are still remembered: the next search takes no time. */
const searched = new WeakMap<PolicyOutline, readonly string[]>();

function textsOf(outline: PolicyOutline): readonly string[] {
  const known = searched.get(outline);
  if (known !== undefined) return known;
  const texts = outline.rules.map(({ name, action, filterList, filters }) =>
    `${name} ${action} ${filterList} ${filters.join(' ')}`.toLowerCase(),
  );
  searched.set(outline, texts);
  return texts;
}

function findRules(outline: PolicyOutline, search: string): readonly OutlinedRule[] {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return outline.rules;
  const texts = textsOf(outline);
  return outline.rules.filter((_, i) => words.every((word) => texts[i]?.includes(word) === true));
}
