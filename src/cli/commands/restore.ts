/** `xdpol restore`: what was assigned in force again, at boot. */
import { performance } from 'node:perf_hooks';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson, warn, warnAll } from '../render/terminal.ts';

interface RestoreOptions {
  readonly wait: number;
  readonly json?: boolean;
}

function parseSeconds(value: string): number {
  if (/^\d{1,5}(?:\.\d+)?$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write seconds, such as 10.');
}

async function run(options: RestoreOptions): Promise<void> {
  const host = reachHost();
  const started = performance.now();
  const restored = await host.restore({ wait: options.wait });
  const { policy, version, generation, interfaces, missing, notes, degraded } = restored;
  const milliseconds = performance.now() - started;
  warnAll(notes);
  if (policy === null) {
    if (options.json === true) printJson({ policy, version, generation, interfaces, missing, degraded, milliseconds });
    else print('no policy is assigned');
    return;
  }
  if (options.json === true) {
    printJson({ policy, version, generation, interfaces, missing, degraded, milliseconds });
  } else if (generation !== null) {
    const what = version === null ? policy : `${policy}: version ${version}`;
    const where = `generation ${generation}, on ${interfaces.join(', ')}`;
    print(`${what} in force, ${where} (${milliseconds.toFixed(0)} ms)`);
  }
  if (degraded !== null) {
    warn(`xdpol: error: ${degraded}`);
    warn('  help: xdpol doctor says what is wrong; once it is mended: xdpol assign NAME');
    process.exitCode = EXIT.environment;
  }
  if (missing.length === 0) return;
  warn(`xdpol: error: not there, so not filtered: ${missing.join(', ')}`);
  const out = missing.map((name) => `xdpol unassign -i ${name}`).join('; ');
  warn(`  help: once it is there: xdpol restore; or wait for it: xdpol restore --wait 30; to take it out: ${out}`);
  process.exitCode = EXIT.environment;
}

export function restoreCommand(): Command {
  const command = new Command('restore')
    .description('put the assigned policy in force again from the store alone, as at boot')
    .addOption(
      new Option(
        '--wait <seconds>',
        'how long to wait for interfaces that do not exist yet; the others are filtered at once',
      )
        .argParser(parseSeconds)
        .default(0),
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol restore', 'xdpol restore --wait 10');
}
