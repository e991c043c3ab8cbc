/** `xdpol capture`: sampled packets as a pcapng file, each with who decided it as its comment. */
import { Command } from 'commander';
import { CaptureFile, openCaptureFile } from '../events/capture-file.ts';
import { followSamples, warnWhereNothingIsSampled } from '../events/follow.ts';
import { readPacketsSeen } from '../events/packets-seen.ts';
import type { SampleOptions } from '../events/sample-options.ts';
import { addSampleOptions, requestOf } from '../events/sample-options.ts';
import { UsageError } from '../exit.ts';
import { withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderLost } from '../render/events.ts';
import { printsOnTerminal, warn } from '../render/terminal.ts';

interface CaptureOptions extends SampleOptions {
  readonly write: string;
}

async function run(options: CaptureOptions): Promise<void> {
  const request = requestOf(options);
  if (options.write === '-' && printsOnTerminal()) {
    throw new UsageError(
      'a capture is no text for a terminal',
      'name a file, or add a reader: xdpol capture -w - | tshark -r -',
    );
  }
  const host = reachHost();
  await warnWhereNothingIsSampled(host, request);
  const before = await readPacketsSeen(host, request);
  const file = new CaptureFile(await openCaptureFile(options.write), request, before);
  const packets = await followSamples(host, request, options, (event) => {
    file.add(event);
    if (event.kind === 'lost') warn(`warning: ${renderLost(event)}`);
  });
  await file.end(await readPacketsSeen(host, request));
  warn(`${packets} packets`);
}

export function captureCommand(): Command {
  const command = addSampleOptions(
    new Command('capture')
      .description('write sampled drops to a pcapng file; a comment on each packet names its rule or reason')
      .requiredOption('-w, --write <file>', 'the file; - for standard output'),
  ).action(run);
  return withExamples(
    command,
    'xdpol capture -w drops.pcapng --for 1m',
    'xdpol capture -w drops.pcapng --rule scanners --count 100',
    'xdpol capture -w - | tshark -r - -T fields -e frame.interface_name -e ip.src -e ip.dst -e frame.comment',
  );
}
