/** Tables of packets and what the loaded program must do with them: one test for each row and hook. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Budgets, ModeName } from '../../src/compiler/rules/rule-table.ts';
import { DEFAULT_BUDGETS } from '../../src/compiler/rules/rule-table.ts';
import type { Direction } from '../../src/engine/program.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { HostAddresses, Policy } from '../../src/policy/model.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { compiled, LoadedAtBothHooks } from './kernel.ts';
import type { TestPacket } from './packets.ts';
import { hostOf } from './policies.ts';

/**
 * Budgets that force each mode on policies that are small enough to be written or generated, and with it a form of the
 * address tables: an index behind a filter and blocks, an index and trees, roots where they are small enough. Pages of ports
 * by number, which else only policies of many ports have, go with some.
 */
export const MODE_BUDGETS: Readonly<Record<ModeName, Budgets>> = {
  dense: {
    ...DEFAULT_BUDGETS,
    ...{ root4Ranges: 0, unfiltered4Ranges: 0, root6Ranges: 0, tree6Ranges: 0 },
  },
  rows: { ...DEFAULT_BUDGETS, denseCells: 0, rowBytes: 1 << 28, root4Ranges: 0, root6Ranges: 0, placedPages: 0 },
  sparse: { ...DEFAULT_BUDGETS, denseCells: 0, rowPairs: 0 },
  ranks: { ...DEFAULT_BUDGETS, denseCells: 0, rowPairs: 0, sparsePairs: -1, pairsPerFilter: 0 },
};

/** Rank sets with roots, and wide leaves behind a filter, which only policies of many ranks and classes have. */
const DEEP: Budgets = {
  ...MODE_BUDGETS.ranks,
  ...{ ownNodes: 0, placedPages: 0, narrowClasses: 0, unfiltered4Ranges: 0 },
};

/** The tables that a policy gets, and those of each mode with forms that no policy this small would get. */
export type FormName = ModeName | 'deep' | 'default';
export const FORM_BUDGETS: Readonly<Record<FormName, Budgets>> = {
  ...MODE_BUDGETS,
  deep: DEEP,
  default: DEFAULT_BUDGETS,
};

/** `outcome` is written as `outcomeOf` writes it; both hooks unless told otherwise. */
export type KernelRow = readonly [name: string, packet: TestPacket, outcome: string, hooks?: readonly Direction[]];

/** The test run of the other hook refuses frames this short. */
export const INGRESS_ONLY: readonly Direction[] = ['ingress'];

export interface KernelTableOptions {
  readonly host?: HostAddresses;
  readonly interfaceName?: string;
  readonly mode?: ModeName;
}

/** `pass web`, `drop default`, `drop malformed`; ` fragment` behind it for a later fragment. */
export function outcomeOf(decision: Decision | undefined): string {
  if (decision === undefined) return 'not run';
  const { verdict, rule, reason, fragment } = decision;
  return `${verdict} ${rule ?? reason ?? 'default'}${fragment ? ' fragment' : ''}`;
}

interface KeptPrograms {
  readonly policy: Policy;
  readonly options: KernelTableOptions;
  readonly loaded: LoadedAtBothHooks;
}

const MOST_KEPT = 4;
/** Those used last, the last one first. Many tests run packets through one policy, and a load takes longer than they do. */
const kept: KeptPrograms[] = [];

afterAll(() => {
  for (const { loaded } of kept.splice(0)) loaded[Symbol.dispose]();
});

function programsOf(policy: Policy, options: KernelTableOptions): LoadedAtBothHooks {
  const { host = hostOf(), interfaceName, mode } = options;
  const known = kept.find(
    (one) =>
      one.policy === policy &&
      one.options.host === options.host &&
      one.options.interfaceName === interfaceName &&
      one.options.mode === mode,
  );
  if (known !== undefined) {
    kept.unshift(...kept.splice(kept.indexOf(known), 1));
    return known.loaded;
  }
  const budgets = mode === undefined ? DEFAULT_BUDGETS : MODE_BUDGETS[mode];
  const loaded = new LoadedAtBothHooks(compiled(policy, host, { interfaceName, budgets }));
  kept.unshift({ policy, options, loaded });
  for (const { loaded: last } of kept.splice(MOST_KEPT)) last[Symbol.dispose]();
  return loaded;
}

/** What the kernel program does with each packet, as texts. */
export function kernelOutcomes(
  policy: Policy,
  packets: readonly TestPacket[],
  direction: Direction,
  options: KernelTableOptions = {},
): readonly string[] {
  return programsOf(policy, options).run(direction, packets).map(outcomeOf);
}

/** The same by the reference classifier. */
export function referenceOutcomes(
  policy: Policy,
  packets: readonly TestPacket[],
  options: KernelTableOptions = {},
): readonly string[] {
  const reference = new ReferenceClassifier(policy, options.host ?? hostOf());
  const at = { interface: options.interfaceName };
  return packets.map((packet) => outcomeOf(reference.classify(decodePacket(packet.frame), at)));
}

/** One test per row and hook: the loaded program, and the reference, do what the row says. */
export function kernelTable(
  title: string,
  policy: Policy,
  rows: readonly KernelRow[],
  options: KernelTableOptions = {},
): void {
  for (const direction of DIRECTIONS) {
    const own = rows.filter(([, , , hooks = DIRECTIONS]) => hooks.includes(direction));
    const packets = own.map(([, packet]) => packet);
    describe(`${title}, ${direction}`, () => {
      let kernel: readonly string[] = [];
      let reference: readonly string[] = [];
      beforeAll(() => {
        kernel = kernelOutcomes(policy, packets, direction, options);
        reference = referenceOutcomes(policy, packets, options);
      });
      for (const [i, [name, packet, outcome]] of own.entries()) {
        test(name, () => {
          expect(present(kernel[i]), packet.summary).toBe(outcome);
          expect(present(reference[i]), packet.summary).toBe(outcome);
        });
      }
    });
  }
}

/** The frame with bytes put over it, for what no field can say. */
export function patched(packet: TestPacket, at: number, ...bytes: readonly number[]): TestPacket {
  const frame = packet.frame.slice();
  frame.set(bytes, at);
  return { frame, summary: `${packet.summary}, bytes ${bytes.join(' ')} at ${at}`, fields: packet.fields };
}
