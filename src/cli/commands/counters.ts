/** `xdpol counters`: what every rule, default, exemption and parse outcome has counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { HostOperations } from '../../host/operations.ts';
import { RETIRED_LIMIT } from '../../host/retired-limit.ts';
import { UsageError } from '../exit.ts';
import { jsonOption, parseInterval, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderCounters, renderRetired } from '../render/counters.ts';
import { clearScreen, print, printJson } from '../render/terminal.ts';

interface CountersOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
  readonly all?: boolean;
  readonly retired?: boolean;
  readonly page?: number;
  readonly limit?: number;
}

async function show(host: HostOperations, options: CountersOptions): Promise<void> {
  if (options.retired === true) return await showRetired(host, options);
  const counters = await host.counters();
  if (options.json === true) printJson(counters);
  else if (counters.interfaces.length === 0) print('no interface is filtered');
  else print(renderCounters(counters, options.all === true));
}

async function showRetired(host: HostOperations, { page, limit, json }: CountersOptions): Promise<void> {
  const retired = await host.retiredCounters({ page, limit });
  if (json === true) printJson(retired);
  else print(renderRetired(retired));
}

async function run(options: CountersOptions): Promise<void> {
  if (options.retired !== true && (options.page ?? options.limit) !== undefined) {
    throw new UsageError('--page and --limit are for the counters that --retired shows', 'add --retired');
  }
  const host = reachHost();
  await show(host, options);
  while (options.watch === true) {
    await sleep(1000 * options.interval);
    if (options.json !== true) clearScreen();
    await show(host, options);
  }
}

function parsePositive(value: string): number {
  if (/^[1-9]\d{0,5}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a number from 1 to 999999.');
}

export function countersCommand(): Command {
  const command = new Command('counters')
    .description('show packets and bytes per rule, default, exemption and parse outcome')
    .addOption(jsonOption())
    .option('--watch', 'print them again and again')
    .option('--interval <seconds>', 'the time between two readings, with --watch', parseInterval, 1)
    .option('--all', 'also reasons that counted nothing')
    .addOption(
      new Option('--retired', 'show only the counts of rules and defaults that are no longer in force').conflicts([
        'watch',
        'all',
      ]),
    )
    .option('--page <number>', 'which page of --retired to show (default: the first)', parsePositive)
    .option('--limit <number>', `counters on a page (default: ${RETIRED_LIMIT})`, parsePositive)
    .action(run);
  return withExamples(
    command,
    'xdpol counters',
    'xdpol counters --watch --interval 0.5',
    'xdpol counters --retired --page 2',
  );
}
