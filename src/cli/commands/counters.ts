/** `xdpol counters`: what every rule, default, exemption and parse outcome has counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { HostOperations } from '../../host/operations.ts';
import { jsonOption, parseInterval, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderCounters } from '../render/counters.ts';
import { clearScreen, print, printJson } from '../render/terminal.ts';

interface CountersOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
  readonly all?: boolean;
}

async function show(host: HostOperations, options: CountersOptions): Promise<void> {
  const counters = await host.counters();
  if (options.json === true) printJson(counters);
  else if (counters.interfaces.length === 0) print('no interface is filtered');
  else print(renderCounters(counters, options.all === true));
}

async function run(options: CountersOptions): Promise<void> {
  const host = reachHost();
  await show(host, options);
  while (options.watch === true) {
    await sleep(1000 * options.interval);
    if (options.json !== true) clearScreen();
    await show(host, options);
  }
}

export function countersCommand(): Command {
  const command = new Command('counters')
    .description('packets and bytes per rule, default, exemption and parse outcome')
    .addOption(jsonOption())
    .option('--watch', 'again and again')
    .option('--interval <seconds>', 'how often, with --watch', parseInterval, 1)
    .option('--all', 'reasons that counted nothing too')
    .action(run);
  return withExamples(command, 'xdpol counters', 'xdpol counters --watch --interval 0.5');
}
