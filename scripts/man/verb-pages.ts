/** xdpol(8), a page for each verb, and ipsecpol(8): from what `--help` is made of. */
import type { Command } from 'commander';
import { buildProgram, VERB_NAMES } from '../../src/cli/build-program.ts';
import { IPSECPOL_USAGE } from '../../src/formats/ipsecpol/usage.ts';
import type { PageHead } from './roff.ts';
import { entry, literal, plain, section, setBold } from './roff.ts';

export interface Page {
  readonly head: PageHead;
  readonly sections: readonly string[];
}

/** What help says after the options: examples, exit codes. */
function textAfterHelp(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}

/** Paragraphs whose first line ends in a colon become sections, the others description. */
function sectionsOfText(text: string): readonly string[] {
  return text.split(/\n{2,}/u).flatMap((part) => {
    const [first = '', ...rest] = part.split('\n');
    if (/^[A-Z][a-z ]+:$/u.test(first)) return [section(first.slice(0, -1), literal(outdent(rest)))];
    const named = /^(?<title>Exit codes): (?<list>.*)$/u.exec(part.replaceAll('\n', ' '))?.groups;
    if (named !== undefined) return [section(String(named['title']), plain(String(named['list'])))];
    return part === '' ? [] : [section('Notes', plain(part))];
  });
}

function outdent(lines: readonly string[]): string {
  return lines.map((line) => line.replace(/^ {2}/u, '')).join('\n');
}

function optionsSection(command: Command): string {
  const help = command.createHelp();
  const entries = help
    .visibleOptions(command)
    .map((option) => entry(setBold(help.optionTerm(option)), plain(help.optionDescription(option))));
  return section('Options', ...entries);
}

function argumentsSection(command: Command): readonly string[] {
  const help = command.createHelp();
  const entries = help
    .visibleArguments(command)
    .map((argument) => entry(setBold(help.argumentTerm(argument)), plain(help.argumentDescription(argument))));
  return entries.length === 0 ? [] : [section('Arguments', ...entries)];
}

function seeAlso(...pages: readonly string[]): string {
  return section('See also', plain(pages.join(', ')));
}

/** The verbs of a verb, each with its options. */
function partSections(command: Command, words: string): readonly string[] {
  const help = command.createHelp();
  return help.visibleCommands(command).flatMap((part) => {
    if (part.name() === 'help') return [];
    const parts = [...argumentsSection(part), optionsSection(part), ...sectionsOfText(textAfterHelp(part))];
    return [
      section(`${words} ${part.name()}`, `${setBold(`${words} ${part.name()}`)} ${plain(part.usage())}`, '.PP'),
      plain(part.description()),
      ...parts.map((text) => text.replace(/^\.SH/u, '.SS')),
    ];
  });
}

function verbPage(command: Command): Page {
  const name = `xdpol-${command.name()}`;
  return {
    head: { name, number: 8, about: command.description() },
    sections: [
      section('Synopsis', `${setBold(`xdpol ${command.name()}`)} ${plain(command.usage())}`),
      ...argumentsSection(command),
      optionsSection(command),
      ...sectionsOfText(textAfterHelp(command)),
      ...partSections(command, `xdpol ${command.name()}`),
      seeAlso('xdpol(8)', 'xdpol-policy(5)', 'xdpol-config(5)'),
    ],
  };
}

function programPage(program: Command): Page {
  const verbs = program.commands.filter((command) => VERB_NAMES.includes(command.name()));
  return {
    head: { name: 'xdpol', number: 8, about: 'packet-filter policies for Linux hosts, applied by XDP' },
    sections: [
      section('Synopsis', `${setBold('xdpol')} ${plain(program.usage())}`),
      section('Description', plain(program.description())),
      section(
        'Commands',
        ...verbs.map((verb) =>
          entry(setBold(verb.name()), `${plain(verb.description())}. See xdpol\\-${verb.name()}(8).`),
        ),
      ),
      optionsSection(program),
      ...sectionsOfText(textAfterHelp(program)),
      section(
        'Files',
        entry(plain('/etc/xdpol/config.yaml'), 'What the administrator of the host decides: xdpol\\-config(5).'),
        entry(plain('/var/lib/xdpol'), 'Stored policies and the assignment.'),
        entry(plain('/sys/fs/bpf/xdpol'), 'What is in force: pinned links and counters.'),
        entry(plain('/run/xdpol/agent.sock'), 'Where the agent is asked.'),
      ),
      seeAlso('ipsecpol(8)', 'xdpol-policy(5)', 'xdpol-config(5)', 'bpf(2)', 'tc(8)'),
    ],
  };
}

function ipsecpolPage(): Page {
  const [, synopsis = '', ...rest] = IPSECPOL_USAGE.trim().split('\n\n');
  return {
    head: { name: 'ipsecpol', number: 8, about: 'packet-filter policies by the command line of ipsecpol' },
    sections: [
      section('Synopsis', literal(outdent(synopsis.split('\n')))),
      section('Description', ...rest.slice(0, -1).map(literal)),
      ...sectionsOfText(rest.at(-1) ?? ''),
      seeAlso('xdpol(8)', 'xdpol-policy(5)'),
    ],
  };
}

export async function verbPages(): Promise<readonly Page[]> {
  const program = await buildProgram(undefined);
  const verbs = program.commands.filter(
    (command) => command.name() !== 'ipsecpol' && VERB_NAMES.includes(command.name()),
  );
  return [programPage(program), ...verbs.map(verbPage), ipsecpolPage()];
}
