/** Carries out an ipsecpol command line. Each command is one durable step, in force when it returns. */
import { Diagnostics } from '../base/diagnostics.ts';
import { parseDuration } from '../base/duration.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type {
  ChangeCommand,
  DynamicCommand,
  FileCommand,
  PolicyChange,
  UnloadCommand,
} from '../formats/ipsecpol/command.ts';
import { readIpsecpol } from '../formats/ipsecpol/command.ts';
import { IPSECPOL_USAGE } from '../formats/ipsecpol/usage.ts';
import { wordsOfArguments } from '../formats/ipsecpol/words.ts';
import { CONFIRM_LONGEST } from '../host/confirm-times.ts';
import { announcePending } from './announce-pending.ts';
import { readCommandFile } from './command-file.ts';
import { UsageError } from './exit.ts';
import { chooseHost, reachHost, worksElsewhere } from './reach-host.ts';
import { printDynamic, printStored } from './render/ipsecpol.ts';
import { keepStdoutForJson, print, printDiagnostics, promptOnTerminal, warn } from './render/terminal.ts';
import { openStoredRules, showForIpsecpol } from './show-for-ipsecpol.ts';

/** The one word that the original does not have. */
const JSON_WORD = '--json';

/** What an error advises of other verbs, as ipsecpol takes it. */
const OWN_WORDS: readonly (readonly [option: RegExp, words: string])[] = [
  [/--confirm 60s/gu, 'with XDPOL_CONFIRM=60s before it'],
  [/repeat the command with --force/gu, 'repeat the command with XDPOL_FORCE=1 before it'],
  [/--force/gu, 'with XDPOL_FORCE=1 before it'],
];

export async function runIpsecpol(given: readonly string[]): Promise<void> {
  try {
    await carryOutWords(given);
  } catch (error) {
    if (!(error instanceof EnvironmentError) || error.help === undefined) throw error;
    const help = OWN_WORDS.reduce((text, [option, words]) => text.replace(option, words), error.help);
    throw new EnvironmentError(error.code, error.message, { help, cause: error });
  }
}

async function carryOutWords(given: readonly string[]): Promise<void> {
  const diags = new Diagnostics();
  const isJson = given.includes(JSON_WORD);
  const words = given.filter((word) => word !== JSON_WORD);
  if (isJson) keepStdoutForJson();
  const command = readIpsecpol(wordsOfArguments('ipsecpol', words), diags);
  printDiagnostics(diags.all);
  if (command === 'usage') {
    print(IPSECPOL_USAGE);
    return;
  }
  if (command === undefined) {
    throw new UsageError('nothing was changed', 'ipsecpol -? explains the command line', diags.all);
  }
  if (command.machine === '') {
    throw new UsageError('\\\\ without a name is no machine', 'write \\\\NAME, or leave it out for this host');
  }
  if (command.machine !== undefined) chooseHost(command.machine);
  if (command.kind === 'show') {
    await showForIpsecpol(command.what, isJson);
  } else if (command.kind === 'file') await carryOutFile(command, isJson);
  else await carryOut(command, isJson);
}

/** All of them are read before the first is carried out. */
async function carryOutFile({ path, confirm }: FileCommand, isJson: boolean): Promise<void> {
  const diags = new Diagnostics();
  const commands = readCommandFile(path, diags);
  printDiagnostics(diags.all);
  if (commands === undefined) {
    throw new UsageError('nothing was changed', `mend ${path}, which has a command a line`, diags.all);
  }
  if (confirm && commands.length > 0) await askFor(`carry out ${commands.length} commands of ${path}`);
  for (const { line, command } of commands) {
    try {
      await carryOut(command, isJson);
    } catch (error) {
      warn(`${path}:${line}: this command failed; those before it are carried out, those after it are not`);
      throw error;
    }
  }
}

async function carryOut(given: ChangeCommand | UnloadCommand, isJson: boolean): Promise<void> {
  if (given.confirm) await askFor(describe(given));
  await announcePending('ipsecpol');
  const command = given.kind === 'unload' ? unloadAll(given) : given;
  if (command === undefined) {
    printDynamic(null, isJson);
    return;
  }
  const host = reachHost();
  if (command.kind === 'dynamic') {
    printDynamic(await host.changeDynamic(command.change), isJson);
    return;
  }
  const { policy, change, assignment } = command;
  const request = { policy, change, assignment, confirm: confirmTime(), force: isForced() };
  printStored(await host.changeStored(request), isJson);
}

/** undefined where there is none. */
function unloadAll({ machine, confirm }: UnloadCommand): DynamicCommand | undefined {
  if (worksElsewhere()) throw new UsageError('-u unloads the dynamic rules of this host only', 'run it on that host');
  const rules = openStoredRules().map(({ rule }) => rule);
  return rules.length === 0
    ? undefined
    : { machine, confirm, kind: 'dynamic', change: { kind: 'delete-rules', rules } };
}

/** The original has no switch for it. */
function confirmTime(): number | undefined {
  const value = process.env['XDPOL_CONFIRM'];
  if (value === undefined || value === '') return undefined;
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds > 0 && seconds <= CONFIRM_LONGEST) return seconds;
  const help = `write a time of at most ${CONFIRM_LONGEST / 3600} h, such as 60s, 10m or 2h; or unset it`;
  throw new UsageError(`XDPOL_CONFIRM=${value} is no time that a confirmation can be waited for`, help);
}

/** Nor for this. */
function isForced(): boolean | undefined {
  const value = process.env['XDPOL_FORCE'];
  if (value === undefined || value === '') return undefined;
  if (value === '1') return true;
  throw new UsageError(`XDPOL_FORCE=${value} is not understood`, 'write 1, or unset it');
}

async function askFor(what: string): Promise<void> {
  const answer = await promptOnTerminal(`${what}? [y/N] `);
  if (!/^y(?:es)?$/iu.test(answer.trim())) {
    throw new EnvironmentError('XDPOL_E_NOT_CONFIRMED', 'not confirmed: nothing was changed', {
      help: 'answer y, or leave out -confirm',
    });
  }
}

const DESCRIBED: Readonly<Record<PolicyChange['kind'], string>> = {
  none: '',
  add: 'add a rule to',
  'delete-rules': 'delete rules of',
  'delete-policy': 'delete',
};

function describe(command: ChangeCommand | UnloadCommand): string {
  if (command.kind === 'unload') return 'take back every dynamic rule';
  if (command.kind === 'dynamic') {
    const { change } = command;
    const [verb, rules] = change.kind === 'add' ? ['add', [change.rule]] : ['take back', change.rules];
    return `${verb} dynamic rule "${rules.join('", "')}"`;
  }
  const { policy, change, assignment } = command;
  const steps = [DESCRIBED[change.kind], assignment ?? ''].filter((step) => step !== '');
  return `${steps.join(' and ') || 'make'} policy "${policy}"`;
}
