/** Verbs and options that help texts, messages and documentation name are there. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram, VERB_NAMES } from '../../src/cli/build-program.ts';

const root = new URL('../../', import.meta.url).pathname;

function filesOf(folder: string, extension: string): readonly string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}/${name}`);
}

interface Named {
  readonly verb: string;
  readonly rest: string;
}

/** In documentation a command stands in backticks, or begins a line of a block. */
function inDocumentation(text: string): readonly Named[] {
  return [...text.matchAll(/(?:`|^\s*(?:[#$] )?(?:sudo )?)xdpol (?<verb>[a-z][a-z-]*)(?<rest>[^`\n|;&#]*)/gmu)].map(
    named,
  );
}

/** In sources it follows a word that advises it. */
function inSource(text: string): readonly Named[] {
  return [
    ...text.matchAll(/(?:run|with|see|write|:|sudo|after) xdpol (?<verb>[a-z][a-z-]*)(?<rest>[^'"`\n|;,)]*)/gu),
  ].map(named);
}

function named({ groups }: RegExpExecArray): Named {
  return { verb: groups?.['verb'] ?? '', rest: groups?.['rest'] ?? '' };
}

const program = await buildProgram(undefined);

function optionsOf(command: Command): readonly string[] {
  const own = command.options.flatMap(({ long, short }) => [long, short]);
  const below = command.commands.flatMap(optionsOf);
  return [...own, ...below, '--help', '-h'].filter((name) => typeof name === 'string');
}

function missing({ verb, rest }: Named): readonly string[] {
  if (!VERB_NAMES.includes(verb)) return [`xdpol ${verb}`];
  const command = program.commands.find((one) => one.name() === verb);
  if (command === undefined || verb === 'ipsecpol') return [];
  const known = optionsOf(command);
  const given = [...rest.matchAll(/(?<=\s)--[a-z][a-z-]*/gu)].map(([option]) => option);
  return given.filter((option) => !known.includes(option)).map((option) => `xdpol ${verb} ${option}`);
}

const documents = ['README.md', ...filesOf('docs', '.md')];
const sources = filesOf('src', '.ts');

test('commands are found', () => {
  expect(documents.flatMap((path) => inDocumentation(readFileSync(root + path, 'utf8'))).length).toBeGreaterThan(30);
  expect(sources.flatMap((path) => inSource(readFileSync(root + path, 'utf8'))).length).toBeGreaterThan(20);
});

for (const path of documents) {
  test(path, () => expect(inDocumentation(readFileSync(root + path, 'utf8')).flatMap(missing)).toEqual([]));
}

test('sources', () => {
  const wrong = sources.flatMap((path) =>
    inSource(readFileSync(root + path, 'utf8'))
      .flatMap(missing)
      .map((what) => `${path}: ${what}`),
  );
  expect(wrong).toEqual([]);
});

/** Of the programs that messages name besides, and of V8. */
const FOREIGN =
  /setFlagsFromString|systemd-run|systemctl|--cap-add|--property=|--porcelain|--short|--net|--depth ===|^\s*(?:\/?\*|\/\/)|-A\|add/u;

test('an option that a message names is one that a verb takes', () => {
  const known = new Set(program.commands.flatMap(optionsOf).concat('--host'));
  const rooms = sources.filter((path) => !path.startsWith('src/console/'));
  const lines = rooms.flatMap((path) => readFileSync(root + path, 'utf8').split('\n'));
  const named = lines
    .filter((line) => /['"`]/u.test(line) && !FOREIGN.test(line))
    .flatMap((line) => [...line.matchAll(/(?<![\w-])--[a-z][a-z-]*[a-z]/gu)].map(([option]) => option));
  expect(named.length).toBeGreaterThan(60);
  expect([...new Set(named)].filter((option) => !known.has(option))).toEqual([]);
});

test('what messages advise where a policy goes in force, or is read, is taken by each verb that does so', () => {
  const taking = (option: string): readonly string[] =>
    program.commands.filter((command) => optionsOf(command).includes(option)).map((command) => command.name());
  expect(taking('--me')).toEqual(expect.arrayContaining(['check', 'explain', 'compile', 'replay', 'diff', 'bench']));
  for (const option of ['--force', '--confirm', '--mode', '--hook']) {
    expect(taking(option)).toEqual(expect.arrayContaining(['apply', 'assign']));
  }
});
