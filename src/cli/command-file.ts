/** The file of `ipsecpol -file`: a command a line, with or without the program's name before it. */
import type { Diagnostics } from '../base/diagnostics.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import type { ChangeCommand, UnloadCommand } from '../formats/ipsecpol/command.ts';
import { readIpsecpol } from '../formats/ipsecpol/command.ts';
import { wordsOfLine } from '../formats/ipsecpol/words.ts';
import { MAX_TEXT_BYTES } from '../formats/named-file.ts';
import { readInput } from '../host/read-regular-file.ts';
import { isThisHost } from './this-host.ts';

export interface FileLine {
  readonly line: number;
  readonly command: ChangeCommand | UnloadCommand;
}

const PROGRAM = /^(?:ipsecpol|ipseccmd)(?:\.exe)?$/iu;

/** undefined where a line is wrong, which `diags` has. */
export function readCommandFile(path: string, diags: Diagnostics): readonly FileLine[] | undefined {
  const commands: FileLine[] = [];
  for (const [i, lineText] of readText(path)
    .split(/\r\n|\n|\r/u)
    .entries()) {
    const span = { file: path, line: i + 1, column: 1, length: Math.max(1, lineText.length), lineText };
    const words = wordsOfLine(lineText, span);
    const given = PROGRAM.test(words[0]?.text ?? '') ? words.slice(1) : words;
    if (given.length === 0 || /^\s*(?:#|;|::|rem\s)/iu.test(lineText)) continue;
    const command = readIpsecpol(given, diags);
    if (command === undefined) continue;
    if (command === 'usage' || command.kind === 'show' || command.kind === 'file') {
      diags.report('XP0516', span, 'a line of the file adds, deletes, assigns, unassigns or unloads', 'take it out');
    } else if (command.machine !== undefined && !isThisHost(command.machine)) {
      diags.report('XP0516', span, `\\\\${command.machine} is another host`, 'run the command on that host');
    } else commands.push({ line: i + 1, command });
  }
  return diags.failed ? undefined : commands;
}

function readText(path: string): string {
  const content = readInput(path, MAX_TEXT_BYTES);
  if (content instanceof Uint8Array) return new TextDecoder().decode(content);
  throw new EnvironmentError('XDPOL_E_FILE', `cannot read ${path}: ${content.error}`, {
    help: 'name a file of commands',
  });
}
