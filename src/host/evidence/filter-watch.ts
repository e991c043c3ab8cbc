/** Which single filters of what is in force have decided packets, told by the marks that the program leaves. */
import { parseAddress } from '../../base/ip.ts';
import { directedCounts } from '../../compiler/conditions/directed-counts.ts';
import type { DirectedFilter } from '../../compiler/conditions/expand.ts';
import { rankFilters } from '../../compiler/conditions/expand.ts';
import type { Generation } from '../../engine/generation.ts';
import { HeldMatches } from '../../engine/matched-filters.ts';
import type { Attachment } from '../../engine/survey.ts';
import { newestGeneration } from '../../engine/survey.ts';
import type { Policy } from '../../policy/model.ts';
import type { Evidence, FilterEvidence } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import { findPolicyInForce } from '../policy-in-force.ts';
import { readyPolicy } from '../ready-policy.ts';
import { addGap } from './count-traffic.ts';

/** Directed filters of a policy that are ranked again to tell which is which: some tenths of a second. */
const MOST_DIRECTED = 200_000;
/** Single filters that are kept, of all policies. */
const FILTERS_KEPT = 50_000;

/** One generation on one interface. */
interface Held {
  readonly generation: number;
  readonly policy: Policy;
  readonly ranked: readonly DirectedFilter[];
  readonly matches: HeldMatches;
}

export class FilterWatch implements Disposable {
  readonly #held = new Map<string, Held>();
  /** Generations whose filters cannot be told. */
  readonly #unknown = new Map<string, number>();

  /** The evidence with what has matched since the last look. */
  async look(
    context: HostContext,
    attachments: readonly Attachment[],
    before: Evidence,
    now: Date,
    isFirst: boolean,
  ): Promise<Evidence> {
    let evidence = this.#leaveOthers(attachments, before, now);
    for (const attachment of attachments) evidence = await this.#follow(context, attachment, evidence, now, isFirst);
    return evidence;
  }

  /** The evidence with what has matched until now: another watch begins with what is in force since. */
  end(before: Evidence, now: Date): Evidence {
    return this.#leaveOthers([], before, now);
  }

  /** What a rank of a sample stands for; undefined where the filters of that generation are not known. */
  filterOf(
    interfaceName: string,
    policy: string | null,
    rank: number,
  ): (DirectedFilter & { rule: string }) | undefined {
    const held = this.#held.get(interfaceName);
    const directed = held?.policy.name === policy ? held?.ranked[rank] : undefined;
    const rule = directed === undefined ? undefined : held?.policy.rules[directed.ruleIndex];
    return directed === undefined || rule === undefined ? undefined : { ...directed, rule: rule.name };
  }

  [Symbol.dispose](): void {
    for (const { matches } of this.#held.values()) matches[Symbol.dispose]();
    this.#held.clear();
  }

  #leaveOthers(attachments: readonly Attachment[], before: Evidence, now: Date): Evidence {
    const names = new Set(attachments.map(({ name }) => name));
    let evidence = before;
    for (const [name, held] of this.#held) {
      if (names.has(name)) continue;
      evidence = addMatches(evidence, held, now);
      held.matches[Symbol.dispose]();
      this.#held.delete(name);
    }
    const generations = Object.entries(evidence.generations).filter(([name]) => names.has(name));
    return { ...evidence, generations: Object.fromEntries(generations) };
  }

  async #follow(
    context: HostContext,
    attachment: Attachment,
    before: Evidence,
    now: Date,
    isFirst: boolean,
  ): Promise<Evidence> {
    const { name } = attachment;
    const generation = newestGeneration([attachment]);
    if (generation === undefined) return before;
    const held = this.#held.get(name);
    const evidence = held === undefined ? before : addMatches(before, held, now);
    if (held?.generation === generation.generation || this.#unknown.get(name) === generation.generation)
      return evidence;
    held?.matches[Symbol.dispose]();
    this.#held.delete(name);
    const last = before.generations[name];
    const isMissed =
      held === undefined
        ? last !== undefined && last !== generation.generation
        : generation.generation !== held.generation + 1;
    const gapped = isMissed ? addGap(evidence, 'filters', now) : evidence;
    const opened = await open(context, attachment, generation);
    const seen = { ...gapped, generations: { ...gapped.generations, [name]: generation.generation } };
    if (typeof opened === 'string') {
      this.#unknown.set(name, generation.generation);
      return { ...seen, filtersUnknown: opened };
    }
    this.#held.set(name, opened);
    this.#unknown.delete(name);
    const listed = { ...seen, filters: withFiltersOf(seen.filters, opened.policy, now), filtersUnknown: null };
    // What matched before the window began is not of the window.
    if (isFirst) opened.matches.take();
    return addMatches(listed, opened, now);
  }
}

/** Or why the filters cannot be told. */
async function open(context: HostContext, attachment: Attachment, generation: Generation): Promise<Held | string> {
  const { hooks, name } = attachment;
  const hook = hooks.find((one) => one.generation?.generation === generation.generation);
  const matches = hook === undefined ? undefined : HeldMatches.of(hook);
  if (matches === undefined) return 'the program in force is of another version, which does not mark filters';
  const held = await rankAgain(context, name, generation, matches).catch(() => 'the policy in force cannot be read');
  if (typeof held === 'string') matches[Symbol.dispose]();
  return held;
}

async function rankAgain(
  context: HostContext,
  name: string,
  generation: Generation,
  matches: HeldMatches,
): Promise<Held | string> {
  // Reading so many rules would keep the agent from answering for seconds, and not all of them would be kept.
  if (generation.rules.length > FILTERS_KEPT)
    return `the policy has ${generation.rules.length} rules, more than ${FILTERS_KEPT}`;
  const { stored, rules } = findPolicyInForce(context.store);
  const addresses = (texts: readonly string[] = []) => texts.flatMap((text) => parseAddress(text) ?? []);
  const names = new Map(Object.entries(generation.names ?? {}).map(([one, texts]) => [one, addresses(texts)]));
  const known = { answers: () => names, mayLack: true };
  const { policy, host } = await readyPolicy(context, stored, () => addresses(generation.me), rules, known);
  const directed = directedCounts(policy, host).reduce((sum, { count }) => sum + count, 0);
  if (directed > MOST_DIRECTED) return `the policy has ${directed} directed filters, more than ${MOST_DIRECTED}`;
  const ranked = rankFilters(policy, host, name);
  const slots = [...ranked.map(({ ruleIndex }) => generation.rules[ruleIndex]?.slot ?? -1), generation.defaultSlot];
  if (policy.name !== generation.policy || !matches.hasSlots(slots)) {
    return 'the policy in force is not the one that is stored';
  }
  return { generation: generation.generation, policy, ranked, matches };
}

function keyOf(policy: string, rule: string, filter: string): string {
  return JSON.stringify([policy, rule, filter]);
}

/** With the filters of the policy, those that it no longer has left out. */
function withFiltersOf(filters: readonly FilterEvidence[], policy: Policy, now: Date): readonly FilterEvidence[] {
  const known = new Map(filters.map((one) => [keyOf(one.policy, one.rule, one.filter), one]));
  const since = now.toISOString();
  const mine = policy.rules.flatMap(({ name: rule, filterList }) =>
    filterList.filters.map(({ text: filter }): FilterEvidence => {
      const last = known.get(keyOf(policy.name, rule, filter));
      return last ?? { policy: policy.name, rule, filter, since, lastMatch: null };
    }),
  );
  return [...filters.filter((one) => one.policy !== policy.name), ...mine].slice(-FILTERS_KEPT);
}

function addMatches(before: Evidence, { policy, ranked, matches }: Held, now: Date): Evidence {
  const matched = new Set(
    matches.take().flatMap((rank) => {
      const directed = ranked[rank];
      const rule = directed === undefined ? undefined : policy.rules[directed.ruleIndex];
      return directed === undefined || rule === undefined ? [] : [keyOf(policy.name, rule.name, directed.filter.text)];
    }),
  );
  if (matched.size === 0) return before;
  const lastMatch = now.toISOString();
  const filters = before.filters.map((one) =>
    matched.has(keyOf(one.policy, one.rule, one.filter)) ? { ...one, lastMatch } : one,
  );
  return { ...before, filters };
}
