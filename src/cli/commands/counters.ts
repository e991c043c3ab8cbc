/** `xdpol counters`: what every rule, default, exemption and parse outcome has counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { newestGeneration, readAttachments } from '../../engine/attachment.ts';
import type { CounterReading, InterfaceCounters } from '../../engine/read-counters.ts';
import { readInterfaceCounters } from '../../engine/read-counters.ts';
import { UsageError } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, si, table } from '../output.ts';
import { requireRoot } from '../privileges.ts';

interface CountersOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: string;
  readonly all?: boolean;
}

interface Reading {
  readonly policy: string | null;
  readonly generation: number | null;
  readonly interfaces: readonly InterfaceCounters[];
}

function read(): Reading {
  const attachments = readAttachments();
  const generation = newestGeneration(attachments);
  return {
    policy: generation?.policy ?? null,
    generation: generation?.generation ?? null,
    interfaces: attachments.flatMap(readInterfaceCounters),
  };
}

function plainCounter({ counted, count, retired }: CounterReading): Record<string, unknown> {
  return {
    by: counted.by,
    rule: counted.by === 'rule' ? counted.rule : null,
    reason: 'reason' in counted ? counted.reason : null,
    action: counted.action,
    packets: count.packets,
    bytes: count.bytes,
    policy: 'policy' in counted ? counted.policy : null,
    retired,
  };
}

function plain({ policy, generation, interfaces }: Reading): Record<string, unknown> {
  return {
    policy,
    generation,
    interfaces: interfaces.map(({ name, direction, counters, fragments }) => ({
      name,
      direction,
      counters: counters.map(plainCounter),
      fragments: { packets: fragments.packets, bytes: fragments.bytes },
    })),
  };
}

function nameOf({ counted, retired }: CounterReading): string {
  const name = counted.by === 'rule' ? counted.rule : 'reason' in counted ? counted.reason : '';
  return retired && 'policy' in counted ? `${name} (retired, ${counted.policy})` : name;
}

/** Reasons that counted nothing are left out, rules never. */
function isShown(reading: CounterReading, all: boolean): boolean {
  return all || reading.count.packets > 0n || reading.counted.by === 'rule' || reading.counted.by === 'default';
}

function render({ interfaces }: Reading, all: boolean): string {
  const rows = interfaces.flatMap(({ name, direction, counters, fragments }) => {
    const shown = counters.filter((reading) => isShown(reading, all));
    const lines = shown.map((reading) => {
      const { counted, count } = reading;
      return [name, direction, counted.by, nameOf(reading), counted.action, String(count.packets), si(count.bytes)];
    });
    const later = [name, direction, 'also', 'fragment', '', String(fragments.packets), si(fragments.bytes)];
    return fragments.packets > 0n ? [...lines, later] : lines;
  });
  const columns = [
    { title: 'INTERFACE' },
    { title: 'DIRECTION' },
    { title: 'BY' },
    { title: 'NAME' },
    { title: 'ACTION' },
    { title: 'PACKETS', right: true },
    { title: 'BYTES', right: true },
  ];
  return table(columns, rows);
}

function show(options: CountersOptions): void {
  const reading = read();
  if (options.json === true) printJson(plain(reading));
  else if (reading.interfaces.length === 0) print('no interface is filtered');
  else print(render(reading, options.all === true));
}

function parseInterval(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 3600)) throw new UsageError(`--interval ${text}: wanted 0.1 to 3600 seconds`);
  return seconds;
}

async function run(options: CountersOptions): Promise<void> {
  requireRoot('counters');
  const seconds = parseInterval(options.interval);
  show(options);
  while (options.watch === true) {
    await sleep(1000 * seconds);
    if (options.json !== true && process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J');
    show(options);
  }
}

export function countersCommand(): Command {
  const command = new Command('counters')
    .description('packets and bytes per rule, default, exemption and parse outcome')
    .addOption(jsonOption())
    .option('--watch', 'again and again')
    .option('--interval <seconds>', 'how often, with --watch', '1')
    .option('--all', 'reasons that counted nothing too')
    .action(run);
  return withExamples(command, 'xdpol counters', 'xdpol counters --watch --interval 0.5');
}
