/**
 * The loaded program and the reference classifier agree on every packet. A policy is generated once and loaded in every
 * form at both hooks; each packet run by one of these programs is one pair. unit/compiler/shapes.property.test.ts says which
 * shapes the tables of these policies take. On failure the policy is reduced around the packet and printed so that the
 * command line reproduces it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { formatAddress } from '../../src/base/ip.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import type { Direction } from '../../src/engine/program.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { printPolicy } from '../../src/formats/yaml/print.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { HostAddresses, Policy } from '../../src/policy/model.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { formatPacket } from '../../src/policy/packet/text.ts';
import { arb, TEST_INTERFACES } from '../support/arbitrary.ts';
import { SHAPED_HOSTS, shapedPolicy } from '../support/arbitrary-shapes.ts';
import { compiled, runAtBothHooks, runInKernel } from '../support/kernel.ts';
import type { FormName } from '../support/kernel-table.ts';
import { FORM_BUDGETS } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { reducedPolicy } from '../support/reduce.ts';

const FORMS = Object.keys(FORM_BUDGETS) as readonly FormName[];

/** Policies generated; XDPOL_DIFFERENTIAL_RUNS asks for more of them. */
const RUNS = Number(process.env['XDPOL_DIFFERENTIAL_RUNS'] ?? 7);
/** Packets of each policy: together a million pairs, with a tenth to spare for frames too short to be run. */
const PACKETS = 1000;
const FRAMES = 250;
const PAIRS = RUNS * (PACKETS + FRAMES) * FORMS.length * DIRECTIONS.length;
const LEAST_PAIRS = Math.floor(PAIRS * 0.9);

interface Case {
  readonly policy: Policy;
  readonly host: HostAddresses;
  readonly interfaceName: string | undefined;
  readonly form: FormName;
  readonly direction: Direction;
}

const policyAndPackets = fc.tuple(shapedPolicy(), fc.constantFrom(...SHAPED_HOSTS)).chain(([policy, host]) =>
  fc.record({
    policy: fc.constant(policy),
    host: fc.constant(host),
    interfaceName: fc.option(fc.constantFrom(...TEST_INTERFACES), { nil: undefined }),
    packets: fc.array(arb.packetNear(policy, host), { minLength: PACKETS, maxLength: PACKETS }),
    frames: fc.array(arb.frameNear(policy, host), { minLength: FRAMES, maxLength: FRAMES }),
  }),
);

function compiledCase({ policy, host, interfaceName, form }: Omit<Case, 'direction'>): CompiledPolicy {
  return compiled(policy, host, { interfaceName, budgets: FORM_BUDGETS[form] });
}

function referenceDecisions(
  { policy, host, interfaceName }: Omit<Case, 'form' | 'direction'>,
  packets: readonly TestPacket[],
): readonly Decision[] {
  const reference = new ReferenceClassifier(policy, host);
  return packets.map((packet) => reference.classify(decodePacket(packet.frame), { interface: interfaceName }));
}

/** Every field: two decisions with the same text are the same decision. */
function textOf({ verdict, by, rule, filter, reason, fragment }: Decision): string {
  return `${verdict} by ${by}, rule ${rule}, filter ${filter}, reason ${reason}, fragment ${fragment}`;
}

function disagrees(of: Case, packet: TestPacket): boolean {
  const kernel = runInKernel(compiledCase(of), [packet], of.direction)[0];
  return kernel !== undefined && textOf(kernel) !== textOf(present(referenceDecisions(of, [packet])[0]));
}

/** What to give to `xdpol explain` and, as a capture of this one frame, to `xdpol replay`. */
function report(of: Case, packet: TestPacket): string {
  const policy = reducedPolicy(of.policy, of.host, (smaller) => disagrees({ ...of, policy: smaller }, packet));
  const reduced = { ...of, policy };
  const decoded = decodePacket(packet.frame);
  const at = of.interfaceName === undefined ? [] : [`--interface ${of.interfaceName}`];
  const kernel = runInKernel(compiledCase(reduced), [packet], of.direction)[0];
  return [
    `tables ${of.form}, hook ${of.direction}`,
    `kernel:    ${kernel === undefined ? 'not run' : textOf(kernel)}`,
    `reference: ${textOf(present(referenceDecisions(reduced, [packet])[0]))}`,
    `packet:    ${decoded.kind === 'packet' ? formatPacket(decoded.packet) : decoded.reason} (${packet.summary})`,
    `frame:     ${Buffer.from(packet.frame).toString('hex')}`,
    `options:   ${[...of.host.me.map((address) => `--me ${formatAddress(address)}`), ...at].join(' ')}`,
    printPolicy(policy),
  ].join('\n');
}

test(`the kernel program agrees with the reference on ${LEAST_PAIRS} pairs and more`, {
  timeout: 120_000 + 20_000 * RUNS,
}, () => {
  let pairs = 0;
  const property = fc.property(policyAndPackets, ({ policy, host, interfaceName, packets, frames }) => {
    const all = [...packets, ...frames];
    const wanted = referenceDecisions({ policy, host, interfaceName }, all).map(textOf);
    for (const form of FORMS) {
      const tables = compiledCase({ policy, host, interfaceName, form });
      const decided = runAtBothHooks(tables, all);
      for (const direction of DIRECTIONS) {
        for (const [i, decision] of decided[direction].entries()) {
          if (decision === undefined) continue;
          pairs++;
          if (textOf(decision) !== wanted[i])
            expect.fail(report({ policy, host, interfaceName, form, direction }, present(all[i])));
        }
      }
    }
  });
  // The report is reduced already: the generator's own shrinking would only start over with other packets,
  // and its own report would print every one of them.
  fc.assert(property, { numRuns: RUNS, endOnFailure: true, reporter: failWithReport });
  expect(pairs).toBeGreaterThanOrEqual(LEAST_PAIRS);
});

function failWithReport<T>({ failed, seed, counterexamplePath, errorInstance }: fc.RunDetails<T>): void {
  if (!failed) return;
  const cause = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  expect.fail(`${cause}\nseed ${seed}, path ${counterexamplePath}`);
}
