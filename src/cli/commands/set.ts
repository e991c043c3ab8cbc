/** `xdpol set`: members of live sets, while the policy stays in force. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../base/duration.ts';
import { MAX_LIST_BYTES } from '../../formats/named-file.ts';
import type { SetChangeRequest } from '../../host/live-sets/change-set.ts';
import type { MemberList } from '../../host/live-sets/policy-members.ts';
import { CheckFailed, UsageError } from '../exit.ts';
import { memberList, readMemberFile } from '../member-lists.ts';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderMembers, renderSetChange, renderSets, renderTested } from '../render/sets.ts';
import { print, printJson, warn } from '../render/terminal.ts';

interface JsonOptions {
  readonly json?: boolean;
}

interface AddOptions extends JsonOptions {
  readonly for?: number;
  readonly note?: string;
  readonly replace?: boolean;
  readonly split?: boolean;
}

/** Ten years. */
const LONGEST = 10 * 365 * 86_400;

function parseFor(value: string): number {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds > 0 && seconds <= LONGEST) return seconds;
  throw new InvalidArgumentError('write a time of at most 3650d, such as 90s, 10m, 4h or 7d.');
}

async function readStdin(): Promise<MemberList> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of process.stdin) {
    total += (chunk as Buffer).length;
    if (total > MAX_LIST_BYTES) throw new UsageError('standard input has more than a list may have', 'split the list');
    chunks.push(chunk as Buffer);
  }
  return memberList('standard input', Buffer.concat(chunks));
}

async function listOf(addresses: readonly string[]): Promise<MemberList> {
  if (addresses.length === 1 && addresses[0] === '-') return await readStdin();
  if (addresses.includes('-')) throw new UsageError('- stands alone: standard input has all addresses then');
  return { name: 'the command line', text: addresses.join('\n') };
}

async function change(request: SetChangeRequest, { json }: JsonOptions): Promise<void> {
  const outcome = await reachHost().changeSet(request);
  if (json === true) printJson(outcome);
  else print(renderSetChange(request, outcome));
  for (const { address, why } of json === true ? [] : outcome.refused) warn(`${address} is refused: ${why}`);
  const hidden = outcome.refusedCount - outcome.refused.length;
  if (hidden > 0 && json !== true) warn(`${hidden} more are refused`);
  if (outcome.refusedCount > 0) throw new CheckFailed();
}

async function add(set: string, addresses: readonly string[], options: AddOptions): Promise<void> {
  const { for: seconds, note, replace, split } = options;
  await change({ set, change: 'add', list: await listOf(addresses), seconds, note, replace, split }, options);
}

async function remove(set: string, addresses: readonly string[], options: JsonOptions): Promise<void> {
  await change({ set, change: 'remove', list: await listOf(addresses) }, options);
}

async function load(set: string, file: string, options: AddOptions): Promise<void> {
  const { for: seconds, note, replace, split } = options;
  const list = file === '-' ? await readStdin() : readMemberFile(file);
  await change({ set, change: 'load', list, seconds, note, replace, split }, options);
}

async function list(set: string | undefined, { json }: JsonOptions): Promise<void> {
  if (set === undefined) {
    const sets = await reachHost().listSets();
    if (json === true) printJson(sets);
    else print(renderSets(sets));
    return;
  }
  const contents = await reachHost().readSet({ set });
  if (json === true) printJson(contents);
  else print(renderMembers(contents));
}

async function test(set: string, address: string, { json }: JsonOptions): Promise<void> {
  const tested = await reachHost().testSet({ set, address });
  if (json === true) printJson(tested);
  else print(renderTested(tested));
  if (tested.member === null) throw new CheckFailed();
}

const SET = 'the name of a live set';

function forOption(): Option {
  return new Option('--for <time>', 'until they end, such as 10m, 4h or 7d; they have no end unless given').argParser(
    parseFor,
  );
}

function withEnds(command: Command): Command {
  return command
    .addOption(forOption())
    .option('--note <text>', 'why, for whoever lists the set')
    .option('--replace', 'members that are there get this end, also where it is sooner; else a later end stays')
    .option('--split', 'a prefix whose length members do not have is added as its parts of the next longer length')
    .addOption(jsonOption());
}

function addCommand(): Command {
  const command = new Command('add')
    .description('add members; those that are there keep the later end')
    .argument('<set>', SET)
    .argument('<addresses...>', 'addresses, prefixes and ranges, or - for a list on standard input');
  return withExamples(
    withEnds(command).action(add),
    'xdpol set add bans 203.0.113.7 2001:db8::/64 --for 4h --note ssh',
    'xdpol set add bans - --for 1d < list.txt',
  );
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('take members out; those that are not there change nothing')
    .argument('<set>', SET)
    .argument('<addresses...>', 'as for add')
    .addOption(jsonOption())
    .action(remove);
  return withExamples(command, 'xdpol set remove bans 203.0.113.7');
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list the live sets, or the members of one')
    .argument('[set]', SET)
    .addOption(jsonOption())
    .action(list);
  return withExamples(command, 'xdpol set list', 'xdpol set list bans');
}

function testCommand(): Command {
  const command = new Command('test')
    .description('tell which member of a set an address is in; exit 3 where it is in none')
    .argument('<set>', SET)
    .argument('<address>', 'an IPv4 or IPv6 address')
    .addOption(jsonOption())
    .action(test);
  return withExamples(command, 'xdpol set test bans 203.0.113.7');
}

function clearCommand(): Command {
  const command = new Command('clear')
    .description('take out every member')
    .argument('<set>', SET)
    .addOption(jsonOption())
    .action((set: string, options: JsonOptions) => change({ set, change: 'clear' }, options));
  return withExamples(command, 'xdpol set clear bans');
}

function loadCommand(): Command {
  const command = new Command('load')
    .description('give a set these members and no others, in one step; a list with errors changes nothing')
    .argument('<set>', SET)
    .argument('<file>', 'a list in any form that set files have, or - for standard input');
  return withExamples(
    withEnds(command).action(load),
    'xdpol set load drop drop.txt',
    'xdpol set load drop - < drop.txt',
  );
}

export function setCommand(): Command {
  const command = new Command('set').description('change and list the members of live sets, while the policy stays');
  const verbs = [addCommand(), removeCommand(), listCommand(), testCommand(), clearCommand(), loadCommand()];
  for (const one of verbs) command.addCommand(one);
  return withExamples(command, 'xdpol set add bans 203.0.113.7 --for 4h', 'xdpol set list bans');
}
