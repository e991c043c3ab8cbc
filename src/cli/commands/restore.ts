/** `xdpol restore`: what was assigned in force again, at boot. */
import { performance } from 'node:perf_hooks';
import { Command, InvalidArgumentError, Option } from 'commander';
import { PolicyStore } from '../../store/store.ts';
import { endDynamicRules } from '../agent-claim.ts';
import { EXIT } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, warn } from '../output.ts';
import { readOverlay, settleOverlay } from '../overlay.ts';
import { requireRoot } from '../privileges.ts';
import { lockIfWritable, restoreStanding, standingPolicy } from '../restore.ts';

interface RestoreOptions {
  readonly wait: number;
  readonly json?: boolean;
}

function parseSeconds(value: string): number {
  if (/^\d{1,5}(?:\.\d+)?$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write seconds, such as 10.');
}

async function run(options: RestoreOptions): Promise<void> {
  requireRoot('restore');
  const started = performance.now();
  const store = new PolicyStore();
  using _lock = lockIfWritable(store, (line) => warn(`warning: ${line}`));
  const overlay = readOverlay(store);
  if (store.assignment() === undefined && overlay.rules.length === 0) {
    const ended = await endDynamicRules(store);
    if (ended !== undefined) warn(`note: dynamic rules of an agent that is gone have ended: ${ended}`);
    if (options.json === true) printJson({ policy: null, interfaces: [], missing: [] });
    else print('no policy is assigned');
    return;
  }
  const restored = await restoreStanding(store, await standingPolicy(store), overlay.rules, options.wait);
  const { policy, version, generation, interfaces, missing } = restored;
  const milliseconds = performance.now() - started;
  for (const note of [...restored.notes, ...settleOverlay(store, overlay)]) warn(`note: ${note}`);
  if (options.json === true) {
    printJson({ policy, version: version ?? null, generation: generation ?? null, interfaces, missing, milliseconds });
  } else if (generation !== undefined) {
    const what = version === undefined ? policy : `${policy}: version ${version}`;
    const where = `generation ${generation}, on ${interfaces.join(', ')}`;
    print(`${what} in force, ${where} (${milliseconds.toFixed(0)} ms)`);
  }
  if (missing.length === 0) return;
  warn(`xdpol: error: not there, so not filtered: ${missing.join(', ')}`);
  warn('  help: once it is there: xdpol restore; or wait for it: xdpol restore --wait 30');
  process.exitCode = EXIT.environment;
}

export function restoreCommand(): Command {
  const command = new Command('restore')
    .description('put the assigned policy in force again from the store alone: what the boot does')
    .addOption(
      new Option('--wait <seconds>', 'for interfaces that are not there yet; those that are, are filtered at once')
        .argParser(parseSeconds)
        .default(0),
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol restore', 'xdpol restore --wait 10');
}
