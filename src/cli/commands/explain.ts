/** `xdpol explain`: which filter decides a packet, and why. */
import { Command } from 'commander';
import { Diagnostics } from '../../base/diagnostics.ts';
import { explain } from '../../policy/explain.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import { formatSeenPacket, parseSeenPacket } from '../../policy/packet/text.ts';
import { UsageError } from '../exit.ts';
import { noteUnknownInterface } from '../note-interface.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { readyArgument } from '../read-policy.ts';
import { renderExplanation } from '../render/explanation.ts';
import { print, printDiagnostics, printJson, usesColor } from '../render/terminal.ts';

interface ExplainOptions extends MeOptions {
  readonly json?: boolean;
  readonly established?: boolean;
  readonly fragment?: boolean;
  readonly interface?: string;
}

async function run(argument: string, text: string, options: ExplainOptions): Promise<void> {
  const diags = new Diagnostics();
  const seen = parseSeenPacket(text, options, diags);
  if (seen === undefined) {
    printDiagnostics(diags.all);
    throw new UsageError(
      'the packet cannot be read',
      "write it as one argument: 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'",
    );
  }
  const place = placeOf(seen, options);
  const { policy, host } = await readyArgument(argument, options);
  if (place !== undefined) await noteUnknownInterface(policy, place);
  const explanation = explain(policy, host, seen.packet, { interface: place });
  if (options.json === true) printJson(explanation);
  else
    print(
      renderExplanation(formatSeenPacket({ ...seen, interface: place }), explanation, {
        colour: usesColor(),
      }),
    );
}

/** Where the packet is seen, by its text or by the option. */
function placeOf({ interface: named }: SeenPacket, { interface: option }: ExplainOptions): string | undefined {
  if (named === undefined || option === undefined || named === option) return named ?? option;
  throw new UsageError(
    `the packet is on ${named}, but --interface says ${option}`,
    'name the interface once: in the packet or by --interface',
  );
}

export function explainCommand(): Command {
  const command = new Command('explain')
    .description('which filter decides a packet and why: every candidate in rank order')
    .argument('<policy>', POLICY_ARGUMENT)
    .argument('<packet>', "one argument, such as 'tcp 203.0.113.9:40000 -> 131.107.1.1:80'")
    .addOption(meOption())
    .addOption(jsonOption())
    .option('--established', 'a TCP packet with ACK or RST set')
    .option('--fragment', 'a later fragment: without ports')
    .option('--interface <name>', 'the interface it is seen at; else rules limited to interfaces take no part')
    .action(run);
  return withExamples(
    command,
    "xdpol explain edge.yaml 'icmp 10.0.0.1 -> 131.107.1.1 type 8'",
    "xdpol explain edge.yaml 'udp [2001:db8::1]:53 -> [2001:db8::2]:4000' --json",
  );
}
