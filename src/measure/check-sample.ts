/** Packets of the ring decided by the reference classifier, by the program in test runs, and by it behind the generator. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { Decision, ReferenceClassifier } from '../policy/classify.ts';
import { decodePacket } from '../policy/packet/decode.ts';
import { formatPacket } from '../policy/packet/text.ts';
import type { Kernel } from './fill-ring.ts';
import type { Subject } from './subjects.ts';
import { decides } from './subjects.ts';

const XDP_PASS = 2;
const REPORT = 'please report this with the policy';

export interface Reference {
  readonly classifier: ReferenceClassifier;
  /** Where the packets are seen. */
  readonly interface: string | undefined;
}

/** Throws where one of the ring's first packets is not decided by the subject, by whomever. */
export function checkSample(
  kernel: Kernel,
  subject: Subject,
  { classifier, interface: seenAt }: Reference,
  size: number,
): void {
  const { generator, underTest, replayer } = kernel;
  const frames = Array.from({ length: size }, (_, i) => generator.frame(i));
  const traced = replayer.run(frames);
  generator.rewind();
  for (const [i, frame] of frames.entries()) {
    const expected = classifier.classify(decodePacket(frame), { interface: seenAt });
    const run = generator.runOnce(underTest.program);
    if (!decides(subject, expected)) throw disagreement(frame, 'the policy', expected);
    if (!decides(subject, traced[i])) throw disagreement(frame, 'the program', traced[i]);
    const verdict = run.verdict === XDP_PASS ? 'pass' : 'drop';
    if (verdict !== expected.verdict || Buffer.compare(run.frame, frame) !== 0)
      throw disagreement(frame, 'the program behind the generator', { ...expected, verdict });
  }
}

function disagreement(frame: Uint8Array, who: string, decision: Decision | undefined): EnvironmentError {
  const decoded = decodePacket(frame);
  const packet = decoded.kind === 'packet' ? formatPacket(decoded.packet) : decoded.reason;
  const found = decision === undefined ? 'nothing' : `${decision.verdict} by ${decision.rule ?? decision.by}`;
  return new EnvironmentError('XDPOL_E_MEASUREMENT', `verdicts disagree: for ${packet} ${who} says ${found}`, {
    help: REPORT,
  });
}

/** Some of the packets that were timed were not the subject's. */
export function strays(subject: Subject, count: number): EnvironmentError {
  const who = subject.rule ?? subject.reason ?? subject.by;
  return new EnvironmentError(
    'XDPOL_E_MEASUREMENT',
    `${count} of the packets timed for ${who} were not counted by it`,
    { help: REPORT },
  );
}
