/** The tests of a policy, run by the reference classifier. */
import { present } from '../base/assert.ts';
import { Diagnostics } from '../base/diagnostics.ts';
import type { Decision } from './classify.ts';
import { ReferenceClassifier } from './classify.ts';
import type { HostAddresses, Policy, PolicyTest } from './model.ts';
import type { Packet } from './packet/model.ts';
import { formatPacket, packetsOfTemplate, parsePacketTemplate } from './packet/text.ts';

export interface PolicyTestOptions {
  /** What leaves the host is not filtered: it passes whatever the policy says. */
  readonly ingressOnly?: boolean | undefined;
  /** Can the command say what me is? */
  readonly takesMe?: boolean | undefined;
}

/** Reports each test that fails as an error, and each that cannot be run on this host as a warning. */
export function runPolicyTests(
  policy: Policy,
  host: HostAddresses,
  diags: Diagnostics,
  options: PolicyTestOptions = {},
): void {
  if (policy.tests.length === 0) return;
  const classifier = new ReferenceClassifier(policy, host);
  for (const test of policy.tests) {
    const template = present(parsePacketTemplate(test.packet, {}, new Diagnostics()), test.packet);
    const packets = packetsOfTemplate(template, host.me);
    if (packets.length === 0) {
      const message = `the test is not run: me has no IPv${template.packet.family} address here`;
      const way = options.takesMe === true ? 'say which with --me ADDRESS' : 'give an interface of the policy one';
      diags.report('XP0321', test.span, message, `${way}, or run it where me has one`);
      continue;
    }
    const failed = packets.find((packet) => !isAsExpected(test, decide(classifier, test, packet, options)));
    if (failed === undefined) continue;
    const decision = decide(classifier, test, failed, options);
    const help = `ask why: xdpol explain POLICY '${formatPacket(failed)}'${placeOption(test)}`;
    diags.report('XP0320', test.span, failureText(test, failed, decision), help);
  }
}

/** undefined: nothing looks at the packet, so it passes. */
function decide(
  classifier: ReferenceClassifier,
  test: PolicyTest,
  packet: Packet,
  { ingressOnly = false }: PolicyTestOptions,
): Decision | undefined {
  return ingressOnly && test.direction === 'out'
    ? undefined
    : classifier.classify(packet, { interface: test.interface });
}

function isAsExpected({ expect, rule }: PolicyTest, decision: Decision | undefined): boolean {
  if ((decision?.verdict ?? 'pass') !== expect) return false;
  return rule === undefined || decision?.rule === rule;
}

function failureText(test: PolicyTest, packet: Packet, decision: Decision | undefined): string {
  const wanted = test.rule === undefined ? test.expect : `${test.expect} by rule "${test.rule}"`;
  return `the test fails: ${formatPacket(packet)}${placeText(test)} ${outcomeText(decision)}, expected ${wanted}`;
}

function outcomeText(decision: Decision | undefined): string {
  if (decision === undefined) return 'passes, because packets that leave are not filtered';
  const { verdict, by, rule, reason } = decision;
  const outcome = verdict === 'pass' ? 'passes' : 'is dropped';
  switch (by) {
    case 'rule':
      return `${outcome} by rule "${rule}"`;
    case 'default':
      return `${outcome} by default`;
    case 'exemption':
    case 'parse':
      return `${outcome} by ${by} ${reason}`;
  }
}

function placeText({ interface: name, direction }: PolicyTest): string {
  const at = name === undefined ? '' : ` at ${name}`;
  if (direction === undefined) return at;
  return direction === 'in' ? `${at}, arriving,` : `${at}, leaving,`;
}

function placeOption({ interface: name }: PolicyTest): string {
  return name === undefined ? '' : ` --interface ${name}`;
}
