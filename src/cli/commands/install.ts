/** `xdpol install` and `xdpol uninstall`: the systemd units. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { EnvironmentError } from '../../base/environment-error.ts';
import { requireWritable } from '../../host/privileges.ts';
import { PolicyStore } from '../../store/store.ts';
import { UsageError } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson } from '../render/terminal.ts';
import type { Unit } from '../units.ts';
import { unitsFor } from '../units.ts';

interface InstallOptions {
  readonly root?: string;
  readonly json?: boolean;
}

/** What became of one unit. */
interface UnitOutcome {
  readonly unit: string;
  readonly path: string;
  readonly change: 'installed' | 'removed' | 'was-not-installed';
  readonly wantedBy: string;
}

const UNITS = 'etc/systemd/system';

/** How this program was started, with the loader where it runs from source. */
function ownCommand(): readonly string[] {
  return [process.execPath, ...process.execArgv, realpathSync(process.argv[1] ?? '')];
}

function units(): readonly Unit[] {
  return unitsFor(ownCommand(), resolve(new PolicyStore().directory));
}

function wish(folder: string, { name, wantedBy }: Unit): string {
  return join(folder, `${wantedBy}.wants`, name);
}

/** systemd reads its units anew, where it runs and the units are its own. */
function reload(root: string | undefined): void {
  if (root !== undefined || !existsSync('/run/systemd/system')) return;
  try {
    execFileSync('systemctl', ['daemon-reload'], { stdio: 'pipe' });
  } catch (cause) {
    throw new EnvironmentError('XDPOL_E_SYSTEMD', 'systemd did not take the units', {
      help: 'see: systemctl daemon-reload',
      cause,
    });
  }
}

function folderFor(verb: string, root: string | undefined): string {
  if (root === undefined) requireWritable(verb, join('/', UNITS));
  else if (!existsSync(root)) throw new UsageError(`there is no directory ${root}`, 'name the root of a system');
  return join(root ?? '/', UNITS);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function install({ root, json: isJson }: InstallOptions): void {
  const folder = folderFor('install', root);
  const done: UnitOutcome[] = [];
  for (const unit of units()) {
    const path = join(folder, unit.name);
    const link = wish(folder, unit);
    mkdirSync(dirname(link), { recursive: true });
    writeFileSync(path, unit.text);
    rmSync(link, { force: true });
    symlinkSync(join('..', unit.name), link);
    done.push({ unit: unit.name, path, change: 'installed', wantedBy: unit.wantedBy });
  }
  reload(root);
  if (isJson === true) {
    printJson({ units: done });
    return;
  }
  for (const { path, wantedBy } of done) print(`${path}: enabled for ${wantedBy}`);
  print(
    'from the next boot on the assigned policy is in force before the network is up; now: systemctl start xdpol-agent',
  );
}

function uninstall({ root, json: isJson }: InstallOptions): void {
  const folder = folderFor('uninstall', root);
  const done: UnitOutcome[] = [];
  for (const unit of units()) {
    const path = join(folder, unit.name);
    const paths = [wish(folder, unit), path].filter(isThere);
    for (const one of paths) rmSync(one);
    const change = paths.length === 0 ? 'was-not-installed' : 'removed';
    done.push({ unit: unit.name, path, change, wantedBy: unit.wantedBy });
  }
  reload(root);
  if (isJson === true) {
    printJson({ units: done });
    return;
  }
  for (const { unit, change } of done) print(`${unit}: ${change === 'removed' ? 'removed' : 'was not installed'}`);
  print('the policy in force stays in force until the next boot; to end it now: xdpol unassign');
}

function unitCommand(verb: string, description: string, run: (options: InstallOptions) => void): Command {
  return new Command(verb)
    .description(description)
    .option('--root <directory>', 'the root directory of another system, such as an image; systemd is not reloaded')
    .addOption(jsonOption())
    .action(run);
}

export function installCommand(): Command {
  const about = 'systemd units: the assigned policy in force before the network at boot, and the agent';
  return withExamples(unitCommand('install', about, install), 'xdpol install', 'xdpol install --root /mnt/image');
}

export function uninstallCommand(): Command {
  const about = 'remove the systemd units; policies stay stored, and what is in force stays in force';
  return withExamples(unitCommand('uninstall', about, uninstall), 'xdpol uninstall');
}
