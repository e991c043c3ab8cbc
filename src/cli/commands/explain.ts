/** `xdpol explain`: which filter decides a packet, and why. */
import { Command } from 'commander';
import { Diagnostics } from '../../base/diagnostics.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import { parseSeenPacket } from '../../policy/packet/text.ts';
import { UsageError } from '../exit.ts';
import type { MembersOptions } from '../member-lists.ts';
import { membersOption } from '../member-lists.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachReader } from '../reach-host.ts';
import { requireMe } from '../read-policy.ts';
import { renderExplanation } from '../render/explanation.ts';
import { print, printDiagnostics, printJson, usesColor, warnAll } from '../render/terminal.ts';

interface ExplainOptions extends MeOptions, MembersOptions {
  readonly json?: boolean;
  readonly established?: boolean;
  readonly fragment?: boolean;
  readonly interface?: string;
}

async function run(first: string, second: string | undefined, options: ExplainOptions): Promise<void> {
  const { established: isEstablished, fragment: isFragment, me, members, json } = options;
  const packet = second ?? first;
  requirePacket(packet, options);
  requireMe(me);
  const input = second === undefined ? undefined : policyArgument(first);
  const asked = { input, packet, isEstablished, isFragment, interface: options.interface, me, members };
  const outcome = await reachReader(input).explain(asked);
  printDiagnostics(outcome.diagnostics);
  warnAll(outcome.notes);
  const { explanation } = outcome;
  if (json === true) printJson(explanation);
  else print(renderExplanation(outcome.packet, explanation, { colour: usesColor() }));
}

/** Said with its place in the text before any host is asked. */
function requirePacket(text: string, { established, fragment, interface: option }: ExplainOptions): void {
  const diags = new Diagnostics();
  const seen: SeenPacket | undefined = parseSeenPacket(text, { established, fragment }, diags);
  if (seen === undefined) {
    printDiagnostics(diags.all);
    throw new UsageError(
      'the packet cannot be read',
      "write it as one argument: 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'",
    );
  }
  const { interface: named } = seen;
  if (named === undefined || option === undefined || named === option) return;
  throw new UsageError(
    `the packet is on ${named}, but --interface says ${option}`,
    'name the interface once: in the packet or by --interface',
  );
}

export function explainCommand(): Command {
  const command = new Command('explain')
    .description('show which filter decides a packet and why: every candidate in rank order')
    .argument('<policy>', `${POLICY_ARGUMENT} (default: what is in force, with its dynamic rules)`)
    .argument('[packet]', "one argument, such as 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'")
    .addOption(meOption())
    .addOption(membersOption())
    .addOption(jsonOption())
    .option('--established', 'a TCP packet with ACK or RST set')
    .option('--fragment', 'a later fragment, which has no ports')
    .option(
      '--interface <name>',
      'the interface at which the packet is seen; without it, rules limited to interfaces are left out',
    )
    .action(run);
  return withExamples(
    command,
    "xdpol explain edge.yaml 'icmp 10.0.0.1 -> 131.107.1.1 type 8'",
    "xdpol explain edge.yaml 'udp [2001:db8::1]:53 -> [2001:db8::2]:4000' --json",
    "xdpol explain 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'      # by what is in force",
  );
}
