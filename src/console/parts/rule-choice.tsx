/** One of the rules in force, or none: from a list, or by its name where the list would be too long. */
import type { VNode } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { OutlineOutcome } from '../../host/outline-policy.ts';
import type { HostStatus } from '../../host/status.ts';
import { question } from '../api.ts';
import { formatCount } from '../readable-values.ts';
import type { Answer } from './debounced.ts';
import { useAnswer } from './debounced.ts';

/** Names in a list; more slow the page down. */
const MOST_LISTED = 200;

interface FoundRules {
  readonly names: readonly string[];
  readonly found: number;
  readonly total: number;
}

/** Of the policy that waits or is assigned, and the dynamic ones. */
function useRules(status: HostStatus | undefined, search: string): Answer<FoundRules> {
  const inForce = status?.pending ?? status?.assigned;
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  const all = status?.dynamic.rules.map(({ name }) => name) ?? [];
  const dynamic = all.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
  const key = status === undefined ? undefined : JSON.stringify([inForce?.hash, all, search]);
  return useAnswer(key, async (signal) => {
    if (inForce == null) return { names: dynamic, found: dynamic.length, total: all.length };
    const input = { stored: inForce.policy, version: inForce.version };
    const asked = { input, search, limit: MOST_LISTED };
    const { rules, found, total } = await question<OutlineOutcome>('/v1/outline', asked, signal);
    const names = [...dynamic, ...rules.map(({ name }) => name)].toSorted();
    return { names, found: found + dynamic.length, total: total + all.length };
  });
}

export interface RuleChoiceProps {
  readonly status: HostStatus | undefined;
  /** Empty: every rule. */
  readonly rule: string;
  readonly onRule: (rule: string) => void;
}

export function RuleChoice({ status, rule, onRule }: RuleChoiceProps): VNode {
  const [typed, setTyped] = useState(rule);
  const { value, isOld } = useRules(status, typed.trim());
  const isLong = value !== undefined && value.total > MOST_LISTED;
  if (isLong) return <RuleByName {...{ typed, setTyped, rule, onRule, isOld, rules: value }} />;
  return (
    <label>
      Rule
      <select value={rule} onChange={(event) => onRule(event.currentTarget.value)}>
        <option value="">every rule and reason</option>
        {(value?.names ?? []).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface RuleByNameProps {
  readonly typed: string;
  readonly setTyped: (typed: string) => void;
  readonly rule: string;
  readonly onRule: (rule: string) => void;
  readonly rules: FoundRules;
  /** What was found is not of what is typed now. */
  readonly isOld: boolean;
}

function RuleByName({ typed, setTyped, rule, onRule, rules, isOld }: RuleByNameProps): VNode {
  const id = useId();
  const wanted = typed.trim();
  const isKnown = !isOld && rules.names.includes(wanted);
  const take = (text: string): void => {
    setTyped(text);
    if (text.trim() === '' && rule !== '') onRule('');
  };
  useEffect(() => {
    if (isKnown && wanted !== rule) onRule(wanted);
  }, [isKnown, wanted]);
  const isMissing = wanted !== '' && !isOld && rules.found === 0;
  return (
    <label class="wide">
      Rule
      <input
        list={id}
        value={typed}
        placeholder={`every rule and reason; or the name of one of ${formatCount(rules.total)} rules`}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={isMissing}
        onInput={(event) => take(event.currentTarget.value)}
      />
      <datalist id={id}>
        {rules.names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {wanted !== '' && !(isKnown && wanted === rule) && (
        <span class="help" role="status">
          {isMissing ? 'No rule has these words.' : `${formatCount(rules.found)} rules have these words.`}
        </span>
      )}
    </label>
  );
}
