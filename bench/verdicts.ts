/** Verdicts against the reference classifier: nothing is timed that has not decided rightly. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import type { Replayer } from '../src/engine/replay.ts';
import type { Generator } from '../src/measure/generator.ts';
import type { Decision, ReferenceClassifier } from '../src/policy/classify.ts';
import { decodePacket } from '../src/policy/packet/decode.ts';

const XDP_DROP = 1;

export class WrongVerdict extends Error {}

/** What the reference classifier says about the ring's first packets. */
export function expectedDecisions(
  generator: Generator,
  reference: ReferenceClassifier,
  size: number,
): readonly Decision[] {
  return Array.from({ length: size }, (_, i) => reference.classify(decodePacket(generator.frame(i))));
}

export function droppedShare(expected: readonly Decision[]): number {
  return expected.filter(({ verdict }) => verdict === 'drop').length / expected.length;
}

/** The program gives the expected verdict to each of the ring's first packets, and finds them unchanged. */
export function checkProgram(generator: Generator, program: BpfProgram, expected: readonly Decision[]): void {
  generator.rewind();
  for (const [i, decision] of expected.entries()) {
    const run = generator.runOnce(program);
    const verdict = run.verdict === XDP_DROP ? 'drop' : 'pass';
    if (Buffer.compare(run.frame, generator.frame(i)) !== 0)
      throw new WrongVerdict(`packet ${i} is not the ring's: ${Buffer.from(run.frame).toString('hex')}`);
    if (verdict !== decision.verdict) fail(program.name, i, verdict, decision);
  }
}

/** The program with tracing names the rule or reason that the reference names. */
export function checkDecisions(generator: Generator, replayer: Replayer, expected: readonly Decision[]): void {
  const frames = expected.map((_, i) => generator.frame(i));
  for (const [i, found] of replayer.run(frames).entries()) {
    const decision = expected[i];
    if (decision === undefined || !sameDecision(found, decision)) fail('xdpol', i, found, decision);
  }
}

/** Of several filters of one rank the program may name another one than the reference: rule and verdict must agree. */
function sameDecision(a: Decision | undefined, b: Decision): boolean {
  return a?.verdict === b.verdict && a.by === b.by && a.rule === b.rule && a.reason === b.reason;
}

function fail(who: string, i: number, found: unknown, expected: Decision | undefined): never {
  throw new WrongVerdict(`${who}: packet ${i}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}
