/** `xdpol events`: sampled packets with who decided them, as they come. */
import { Command } from 'commander';
import type { HostEvent } from '../../host/events.ts';
import { followSamples, warnWhereNothingIsSampled } from '../events/follow.ts';
import type { SampleOptions } from '../events/sample-options.ts';
import { addSampleOptions, requestOf } from '../events/sample-options.ts';
import { HostNames } from '../host-names.ts';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderLost, renderSample } from '../render/events.ts';
import { print, printJson, warn } from '../render/terminal.ts';

interface EventsOptions extends SampleOptions {
  readonly json?: boolean;
  readonly resolve?: boolean;
}

async function run(options: EventsOptions): Promise<void> {
  const request = requestOf(options);
  const host = reachHost();
  const names = new HostNames();
  await warnWhereNothingIsSampled(host, request);
  const show = (event: HostEvent): void => {
    const known = options.resolve === true && event.kind === 'sample' ? names.knownIn(event.text) : undefined;
    if (options.json === true) printJson(known === undefined ? event : { ...event, names: Object.fromEntries(known) });
    else if (event.kind === 'sample') print(renderSample(event, known));
    else warn(`warning: ${renderLost(event)}`);
  };
  await followSamples(host, request, options, show);
  names.end();
}

export function eventsCommand(): Command {
  const command = addSampleOptions(
    new Command('events').description(
      'print sampled drops with their rule or reason, one per line; at most 10 per second for each rule',
    ),
  )
    .option(
      '--resolve',
      'print the names of the addresses too (PTR records), once they are known; no line waits for a name',
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(
    command,
    'xdpol events',
    'xdpol events --rule scanners --count 20',
    'xdpol events --rule web --passed --for 30s --json',
    'xdpol events --reason malformed --reason default',
    'xdpol events --audit',
  );
}
