/** `xdpol top`: what counts how fast, as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { HostOperations } from '../../host/operations.ts';
import { jsonOption, parseInterval, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { FullScreen, isInteractive, usesUnicode } from '../render/screen.ts';
import { print, printJson, usesColor } from '../render/terminal.ts';
import type { TableFill } from '../render/top.ts';
import { renderTop, renderTopTable } from '../render/top.ts';
import type { Controls, Sort } from '../top/controls.ts';
import { afterKey, arrangeRows, SORTS } from '../top/controls.ts';
import type { TopRow, TopView } from '../top/rates.ts';
import { RateMeter } from '../top/rates.ts';

interface TopOptions {
  readonly interval: number;
  readonly sort: Sort;
  readonly filter: string;
  readonly json?: boolean;
}

async function read(host: HostOperations, meter: RateMeter): Promise<TopView> {
  const counters = await host.counters();
  return meter.take({ counters, at: performance.now() / 1000 });
}

async function printOnce(host: HostOperations, { interval, json, ...controls }: TopOptions): Promise<void> {
  const meter = new RateMeter();
  await read(host, meter);
  await sleep(1000 * interval);
  const view = await read(host, meter);
  if (json === true) printJson({ ...view, interval, rows: arrangeRows(view.rows, controls).map(omitHistory) });
  else print(view.interfaces.length === 0 ? 'no interface is filtered' : renderTopTable(view, controls));
}

/** One reading apart there is none. */
function omitHistory({ history: _, ...row }: TopRow): Omit<TopRow, 'history'> {
  return row;
}

/** Until `q`, Ctrl-C or a signal. A reading that fails is shown, and the next one tried. */
async function showLive(host: HostOperations, { interval, sort, filter }: TopOptions): Promise<void> {
  const meter = new RateMeter();
  let view = await read(host, meter);
  let modes = await modesOf(host);
  const fills = new FillReadings(host);
  await fills.refresh();
  let failure: string | undefined;
  let controls: Controls = { sort, filter, isTyping: false, isPaused: false, isOver: false };
  const wake = new AbortController();
  const draw = (): void => {
    const around = { modes, fills: fills.newest, interval, ...(failure === undefined ? {} : { failure }) };
    screen.draw(renderTop(view, controls, around, { ...screen.size, color: usesColor(), unicode: usesUnicode() }));
  };
  const press = (key: string): void => {
    controls = afterKey(controls, key);
    if (controls.isOver) wake.abort();
    else draw();
  };
  using screen = new FullScreen(press, draw);
  const end = (): void => press('\u0003');
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  while (!controls.isOver) {
    draw();
    await sleep(1000 * interval, undefined, { signal: wake.signal }).catch(() => undefined);
    if (controls.isOver || controls.isPaused) continue;
    try {
      [view, modes, failure] = [await read(host, meter), await modesOf(host), undefined];
      await fills.refresh();
    } catch (error) {
      failure = (error as Error).message;
    }
  }
}

/** Seconds: a set of a million members takes a while to be read. */
const FILL_INTERVAL = 10;

class FillReadings {
  newest: readonly TableFill[] = [];
  readonly #host: HostOperations;
  #next = 0;

  constructor(host: HostOperations) {
    this.#host = host;
  }

  async refresh(): Promise<void> {
    const now = performance.now() / 1000;
    if (now < this.#next) return;
    this.#next = now + FILL_INTERVAL;
    const { sets } = await this.#host.listSets();
    this.newest = sets.map(({ set: name, entries, capacity }) => ({ name, entries, capacity }));
  }
}

async function modesOf(host: HostOperations): Promise<ReadonlyMap<string, string>> {
  const { interfaces } = await host.status();
  return new Map(interfaces.flatMap(({ name, mode }) => (mode === null ? [] : [[name, mode]])));
}

async function run(options: TopOptions): Promise<void> {
  const host = reachHost();
  if (isInteractive() && options.json !== true) await showLive(host, options);
  else await printOnce(host, options);
}

export function topCommand(): Command {
  const command = new Command('top')
    .description('show packets per second by rule, live; prints one table if the output is not a terminal')
    .option('--interval <seconds>', 'the time between two readings', parseInterval, 1)
    .addOption(new Option('--sort <column>', 'the column to sort by').choices(SORTS).default('pps'))
    .option('--filter <text>', 'only rows whose name contains it', '')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol top', 'xdpol top --sort total --filter web', 'xdpol top --interval 10 | head');
}
