/** Carries out an ipsecpol command line. Each command is one durable step, in force when it returns. */
import { Diagnostics } from '../base/diagnostics.ts';
import { parseDuration } from '../base/duration.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { IpsecpolCommand, PolicyChange } from '../formats/ipsecpol/command.ts';
import { readIpsecpol } from '../formats/ipsecpol/command.ts';
import { IPSECPOL_USAGE } from '../formats/ipsecpol/usage.ts';
import { wordsOfArguments } from '../formats/ipsecpol/words.ts';
import { CONFIRM_LONGEST } from '../host/confirm-times.ts';
import { announcePending } from './announce-pending.ts';
import { UsageError } from './exit.ts';
import { reachHost } from './reach-host.ts';
import { dynamicLines, storedLines } from './render/ipsecpol.ts';
import { print, printDiagnostics, promptOnTerminal, warn } from './render/terminal.ts';

export async function runIpsecpol(words: readonly string[]): Promise<void> {
  const diags = new Diagnostics();
  const command = readIpsecpol(wordsOfArguments('ipsecpol', words), diags);
  printDiagnostics(diags.all);
  if (command === 'usage') {
    print(IPSECPOL_USAGE);
    return;
  }
  if (command === undefined) throw new UsageError('nothing was changed', 'ipsecpol -? explains the command line');
  if (command.machine !== undefined) {
    const message = `\\\\${command.machine} is another host, and no fleet is configured`;
    throw new EnvironmentError('XDPOL_E_NO_FLEET', message, {
      help: `run the command there: ssh ${command.machine || 'HOST'} ipsecpol ...`,
    });
  }
  if (command.confirm) await askFor(command);
  await carryOut(command);
}

async function carryOut(command: IpsecpolCommand): Promise<void> {
  await announcePending('ipsecpol');
  const host = reachHost();
  if (command.kind === 'dynamic') {
    const outcome = await host.changeDynamic(command.change);
    for (const note of outcome.notes) warn(note);
    for (const line of dynamicLines(outcome)) print(line);
    return;
  }
  const { policy, change, assignment } = command;
  const outcome = await host.changeStored({ policy, change, assignment, confirm: confirmTime() });
  for (const note of outcome.notes) warn(note);
  for (const line of storedLines(outcome)) print(line);
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

async function askFor(command: IpsecpolCommand): Promise<void> {
  const answer = await promptOnTerminal(`${describe(command)}? [y/N] `);
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

function describe(command: IpsecpolCommand): string {
  if (command.kind === 'dynamic') {
    const { change } = command;
    const [verb, rules] = change.kind === 'add' ? ['add', [change.rule]] : ['take back', change.rules];
    return `${verb} dynamic rule "${rules.join('", "')}"`;
  }
  const { policy, change, assignment } = command;
  const steps = [DESCRIBED[change.kind], assignment ?? ''].filter((step) => step !== '');
  return `${steps.join(' and ') || 'make'} policy "${policy}"`;
}
