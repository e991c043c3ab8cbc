/** What a word of a command line can be: verbs, options, and names of the store, of the policy and of the host. */
import type { Argument, Command, Option } from 'commander';
import { storedFiles } from '../formats/named-file.ts';
import { buildProgram, VERB_NAMES } from './build-program.ts';
import { reachHost } from './reach-host.ts';

export interface Candidates {
  readonly words: readonly string[];
  /** The shell adds files. */
  readonly files: boolean;
}

const NONE: Candidates = { words: [], files: false };

function wordsOnly(words: readonly string[]): Candidates {
  return { words, files: false };
}

/** Names that cannot be read (no right, no store) are no reason to say anything while a line is typed. */
async function orNothing(names: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await names();
  } catch {
    return [];
  }
}

function policyNames(): Promise<readonly string[]> {
  return orNothing(async () => (await reachHost().list()).policies.map(({ name }) => name));
}

function interfaceNames(): Promise<readonly string[]> {
  return orNothing(async () => {
    const { listInterfaces } = await import('../host/interfaces.ts');
    return (await listInterfaces()).map(({ name }) => name).filter((name) => name !== 'lo');
  });
}

/** Of the assigned policy: its rules, or its address sets. */
function namesInPolicy(part: 'rules' | 'sets'): Promise<readonly string[]> {
  return orNothing(async () => {
    const { policies } = await reachHost().list();
    const assigned = policies.find(({ assigned: version }) => version !== null);
    if (assigned === undefined) return [];
    const { text, setFiles } = await reachHost().readStored(assigned.name, assigned.assigned ?? undefined);
    const { readArgument } = await import('./read-policy.ts');
    const { policy } = readArgument({ file: assigned.name, text, readSetFile: storedFiles(setFiles) });
    if (policy === undefined) return [];
    return part === 'rules' ? policy.rules.map(({ name }) => name) : [...policy.addressSets.keys()];
  });
}

/** By what the value is called: `<name>` of --interface, `<policy>`, `[to]`. */
export async function valuesFor(name: string): Promise<Candidates> {
  if (name === 'interface') return wordsOnly(await interfaceNames());
  if (name === 'rule') return wordsOnly(await namesInPolicy('rules'));
  if (name === 'set') return wordsOnly(await namesInPolicy('sets'));
  if (name === 'name') return wordsOnly(await policyNames());
  if (['policy', 'policies', 'from', 'to'].includes(name)) return { words: await policyNames(), files: true };
  return { words: [], files: ['file', 'capture', 'output', 'out'].includes(name) };
}

function optionNamed(command: Command, word: string | undefined): Option | undefined {
  return command.options.find(({ short, long }) => word !== undefined && (word === short || word === long));
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** Words that stand by themselves: no options, and no values of options. */
function plainWords(command: Command, words: readonly string[]): readonly string[] {
  return words.filter((word, i) => {
    const before = optionNamed(command, words[i - 1]);
    return !word.startsWith('-') && (before === undefined || !takesValue(before));
  });
}

function argumentAt(command: Command, place: number): Argument | undefined {
  const { registeredArguments: all } = command;
  return all[place] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined);
}

async function ofVerb(command: Command, words: readonly string[], current: string): Promise<Candidates> {
  const part = command.commands.find((each) => each.name() === words[0]);
  if (part !== undefined) return await ofVerb(part, words.slice(1), current);
  if (command.commands.length > 0 && words.length === 0) return wordsOnly(command.commands.map((each) => each.name()));
  const option = optionNamed(command, words.at(-1));
  if (option !== undefined && takesValue(option)) {
    return option.argChoices === undefined ? await valuesFor(option.attributeName()) : wordsOnly(option.argChoices);
  }
  if (current.startsWith('-')) {
    const names = command.options.flatMap(({ long, short, hidden }) => (hidden ? [] : [long ?? short ?? '']));
    return wordsOnly([...names, '--help']);
  }
  const argument = argumentAt(command, plainWords(command, words).length);
  if (argument === undefined) return NONE;
  return argument.argChoices === undefined ? await valuesFor(argument.name()) : wordsOnly(argument.argChoices);
}

/** Options of ipsecpol, which are no verb's; after -p and -r the store's names. */
const IPSECPOL_OPTIONS = ['-w', '-p', '-r', '-f', '-n', '-x', '-y', '-o', '-lan', '-dialup', '-confirm', '-?'] as const;
const IPSECPOL_VALUES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  '-w': () => Promise.resolve(['REG']),
  '-n': () => Promise.resolve(['PASS', 'BLOCK']),
  '-p': policyNames,
  '-r': () => namesInPolicy('rules'),
};

async function ofIpsecpol(words: readonly string[], current: string): Promise<Candidates> {
  const values = IPSECPOL_VALUES[words.at(-1) ?? ''];
  if (values !== undefined) return wordsOnly(await values());
  return current === '' || current.startsWith('-') ? wordsOnly(IPSECPOL_OPTIONS) : NONE;
}

/** `words` are those after the program's name, `current` the one being written; it may be empty. */
export async function candidatesFor(program: string, words: readonly string[], current: string): Promise<Candidates> {
  const found = await listCandidates(program, words, current);
  return { ...found, words: found.words.filter((word) => word.startsWith(current)) };
}

async function listCandidates(program: string, words: readonly string[], current: string): Promise<Candidates> {
  if (program === 'ipsecpol') return await ofIpsecpol(words, current);
  const [verb, ...rest] = words;
  if (verb === undefined) return wordsOnly(current.startsWith('-') ? ['--help', '--version'] : VERB_NAMES);
  if (verb === 'ipsecpol') return await ofIpsecpol(rest, current);
  if (!VERB_NAMES.includes(verb)) return NONE;
  const command = (await buildProgram(verb)).commands.find((each) => each.name() === verb);
  return command === undefined ? NONE : await ofVerb(command, rest, current);
}
