/**
 * The loaded program and the reference classifier agree on every packet of policies with live sets, in every form of the
 * tables, while members come, go and end; and both agree with the reference for the policy that has the members as
 * fixed ones.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import type { LiveMember } from '../../src/engine/live/live-table.ts';
import { liveMembers } from '../../src/engine/live/own-live-tables.ts';
import type { Direction } from '../../src/engine/program.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { Replayer } from '../../src/engine/replay.ts';
import { printPolicy } from '../../src/formats/yaml/print.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { LiveMembers } from '../../src/policy/live-sets.ts';
import type { Policy } from '../../src/policy/model.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { formatPacket } from '../../src/policy/packet/text.ts';
import { prefixesOf, prefixSetOf } from '../../src/policy/prefix-set.ts';
import { arb, TEST_HOST } from '../support/arbitrary.ts';
import { livePolicy } from '../support/arbitrary-live.ts';
import { compiled } from '../support/kernel.ts';
import type { FormName } from '../support/kernel-table.ts';
import { FORM_BUDGETS } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';

const FORMS = Object.keys(FORM_BUDGETS) as readonly FormName[];
const RUNS = Number(process.env['XDPOL_DIFFERENTIAL_RUNS'] ?? 8);
const PACKETS = 300;
/** Steps between which packets are run: what is changed, and by which part of the members. */
const STEPS = 6;
const LEAST_PAIRS = Math.floor(RUNS * PACKETS * STEPS * FORMS.length * DIRECTIONS.length * 0.9);
/** jiffies64 begins far above. */
const ENDED = 1n;

/** What happens to a member in one step. */
const changes = ['stay', 'add', 'add', 'remove', 'end'] as const;
type Change = (typeof changes)[number];

function fixed(policy: Policy, members: LiveMembers): Policy {
  const sets = [...policy.addressSets].map(([name, set]) => {
    const prefixes = members.get(name);
    return [name, prefixes === undefined ? set : { ...set, prefixes, live: undefined }] as const;
  });
  return { ...policy, addressSets: new Map(sets) };
}

const cases = livePolicy().chain(({ policy, members }) => {
  const count = [...members.values()].reduce((sum, { v4, v6 }) => sum + v4.count + v6.count, 0);
  const step = fc.array(fc.constantFrom<Change>(...changes), { minLength: count, maxLength: count });
  return fc.record({
    policy: fc.constant(policy),
    members: fc.constant(members),
    steps: fc.array(step, { minLength: STEPS, maxLength: STEPS }),
    packets: fc.array(arb.packetNear(fixed(policy, members), TEST_HOST), { minLength: PACKETS, maxLength: PACKETS }),
  });
});

function textOf({ verdict, by, rule, filter, reason, fragment }: Decision): string {
  return `${verdict} by ${by}, rule ${rule}, filter ${filter}, reason ${reason}, fragment ${fragment}`;
}

function referenceTexts(policy: Policy, members: LiveMembers, packets: readonly TestPacket[]): readonly string[] {
  const withMembers = new ReferenceClassifier(policy, { ...TEST_HOST, members });
  const asFixed = new ReferenceClassifier(fixed(policy, members), TEST_HOST);
  return packets.map(({ frame }) => {
    const decoded = decodePacket(frame);
    const text = textOf(withMembers.classify(decoded, {}));
    expect(textOf(asFixed.classify(decoded, {}))).toBe(text);
    return text;
  });
}

interface NamedMember {
  readonly name: string;
  readonly prefix: ReturnType<typeof prefixesOf> extends Iterable<infer T> ? T : never;
}

function namedMembers(members: LiveMembers): readonly NamedMember[] {
  return [...members].flatMap(([name, set]) => [...prefixesOf(set)].map((prefix) => ({ name, prefix })));
}

/** The members after each step. */
function historyOf(members: LiveMembers, steps: readonly (readonly Change[])[]): readonly LiveMembers[] {
  const all = namedMembers(members);
  const there = new Set<NamedMember>();
  return steps.map((step) => {
    for (const [i, member] of all.entries()) {
      if (step[i] === 'add') there.add(member);
      else if (step[i] !== 'stay') there.delete(member);
    }
    const names = [...members.keys()];
    return new Map(
      names.map((name) => [name, prefixSetOf([...there].filter((one) => one.name === name).map((one) => one.prefix))]),
    );
  });
}

function change(replayer: Replayer, members: LiveMembers, step: readonly Change[]): void {
  const live = present(replayer.live);
  const all = [...liveMembers(members, live.numbers)];
  for (const [i, member] of all.entries()) {
    const table = live.tables.byFamily[member.family];
    const what = step[i];
    if (what === 'add') expect(table.add(member)).not.toBe('full');
    else if (what === 'remove') table.remove(member);
    else if (what === 'end') endNow(replayer, member);
  }
}

/** One that is there ends; one that is not comes too late. */
function endNow(replayer: Replayer, member: LiveMember): void {
  present(replayer.live).tables.byFamily[member.family].add({ ...member, end: ENDED }, { replace: true });
}

function runSteps(
  { policy, members, steps, packets }: typeof cases extends fc.Arbitrary<infer T> ? T : never,
  tables: CompiledPolicy,
  direction: Direction,
  wanted: readonly (readonly string[])[],
): number {
  let pairs = 0;
  using replayer = new Replayer(tables, direction);
  for (const [at, step] of steps.entries()) {
    change(replayer, members, step);
    for (const [i, decision] of replayer.run(packets.map(({ frame }) => frame)).entries()) {
      if (decision === undefined) continue;
      pairs++;
      const text = present(present(wanted[at])[i]);
      if (textOf(decision) === text) continue;
      const decoded = decodePacket(present(packets[i]).frame);
      const packet = decoded.kind === 'packet' ? formatPacket(decoded.packet) : decoded.reason;
      expect.fail(`step ${at}, ${packet}: ${textOf(decision)}, wanted ${text}\n${printPolicy(policy)}`);
    }
  }
  return pairs;
}

test(`the kernel program agrees with the reference on ${LEAST_PAIRS} pairs and more`, {
  timeout: 120_000 + 30_000 * RUNS,
}, () => {
  let pairs = 0;
  const property = fc.property(cases, (one) => {
    const history = historyOf(one.members, one.steps);
    const wanted = history.map((members) => referenceTexts(one.policy, members, one.packets));
    for (const form of FORMS) {
      const tables = compiled(one.policy, TEST_HOST, { budgets: FORM_BUDGETS[form] });
      for (const direction of DIRECTIONS) {
        try {
          pairs += runSteps(one, tables, direction, wanted);
        } catch (error) {
          throw new Error(`tables ${form}, hook ${direction}: ${String(error)}`, { cause: error });
        }
      }
    }
  });
  // The generator's own report would print every packet.
  fc.assert(property, { numRuns: RUNS, endOnFailure: true, reporter: failWithCause });
  expect(pairs).toBeGreaterThanOrEqual(LEAST_PAIRS);
});

function failWithCause<T>({ failed, seed, counterexamplePath, errorInstance }: fc.RunDetails<T>): void {
  if (failed) expect.fail(`${String(errorInstance)}\nseed ${seed}, path ${counterexamplePath}`);
}
