/** `xdpol import`: a planning chart, or a script of the original's commands, as a policy to review. */
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { Diagnostics, spanOfFile } from '../../base/diagnostics.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { PolicyRejected } from '../../base/policy-rejected.ts';
import { readChart } from '../../formats/chart/chart.ts';
import { MAX_TEXT_BYTES } from '../../formats/named-file.ts';
import type { ScriptPolicy, ScriptSource } from '../../formats/netsh/script.ts';
import { readScript } from '../../formats/netsh/script.ts';
import { looksLikeScript } from '../../formats/netsh/script-lines.ts';
import { tokenOf } from '../../formats/token.ts';
import { plainPolicy, printPolicy } from '../../formats/yaml/print.ts';
import { readName } from '../../formats/yaml/read-names.ts';
import { readInput } from '../../host/read-regular-file.ts';
import type { Policy } from '../../policy/model.ts';
import { acceptWarnings } from '../accept-imported.ts';
import { UsageError } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { collect, jsonOption, meOption, withExamples } from '../options.ts';
import { plainDiagnostic } from '../render/json.ts';
import { print, printDiagnostics, printJson, warn } from '../render/terminal.ts';
import { isThisHost } from '../this-host.ts';

interface ImportOptions extends MeOptions {
  readonly name?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly partial?: boolean;
  readonly json?: boolean;
  readonly lan?: readonly string[];
  readonly dialup?: readonly string[];
}

const STDIN = 0;
/** Bytes 0x80-0x9f. Node's own decoder takes them for Latin-1, where they are control characters. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Spreadsheets and editors save UTF-8, UTF-16, or a code page, which is taken for the western one. */
export function decodeText(bytes: Uint8Array, file: string, diags: Diagnostics): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes.length > 1 && bytes[1] === 0))
    return new TextDecoder('utf-16le').decode(bytes);
  if ((bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes.length > 1 && bytes[0] === 0))
    return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const help = `if names are garbled, convert it: iconv -f CODEPAGE -t UTF-8 ${file} (CP936 Chinese, CP1251 Cyrillic)`;
    diags.report('XP0539', spanOfFile(file), 'the file is not UTF-8; it was read as Windows-1252', help);
    const latin1 = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    return latin1.replaceAll(/[\u0080-\u009f]/gu, (char) => WINDOWS_1252[char.charCodeAt(0) - 0x80] ?? char);
  }
}

function readBytes(path: string): Uint8Array {
  const content = readInput(path === '-' ? STDIN : path, MAX_TEXT_BYTES);
  if (content instanceof Uint8Array) return content;
  throw new EnvironmentError('XDPOL_E_FILE', `cannot read ${path}: ${content.error}`, {
    help: 'name a chart (CSV or Markdown), a script (netsh, ipsecpol), or -',
  });
}

/** A policy that has been reviewed, and edited perhaps, is not overwritten by chance. */
function save(path: string, text: string, force: boolean): void {
  try {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UsageError(`${path} is already there`, 'name another file, or use --force');
  }
  warn(`wrote ${path}: review it, then xdpol check ${path}`);
}

const DEFAULT_NAME = 'Packet Filter';

function groupsOf({ lan = [], dialup = [] }: ImportOptions): NonNullable<ScriptSource['groups']> {
  return { lan, dialup };
}

/** Without --partial, a script that something is left out of makes no policy. */
function readWholeScript(source: ScriptSource, options: ImportOptions, diags: Diagnostics): ScriptPolicy | undefined {
  const read = readScript(source, diags);
  if (read === undefined || read.leftOut.length === 0 || options.partial === true) return read;
  const lines = read.leftOut.length === 1 ? 'line' : 'lines';
  const message = `nothing is printed: ${lines} ${read.leftOut.join(', ')} may permit or block, and cannot be taken`;
  const help = 'change them as the messages say, or print the rest with --partial and add what is missing by hand';
  return diags.report('XP0537', spanOfFile(source.file), message, help);
}

function importJson(policy: Policy, leftOut: readonly number[], diags: readonly Diagnostic[]): unknown {
  return { policy: plainPolicy(policy), leftOut, diagnostics: diags.map(plainDiagnostic) };
}

async function run(path: string, options: ImportOptions): Promise<void> {
  const file = path === '-' ? 'stdin' : path;
  const diags = new Diagnostics();
  const text = decodeText(readBytes(path), file, diags);
  if (options.name !== undefined) readName(tokenOf(options.name, '--name'), 'policy', diags);
  const read = looksLikeScript(text)
    ? readWholeScript({ file, text, name: options.name, groups: groupsOf(options), isThisHost }, options, diags)
    : readChart({ file, text, name: options.name ?? DEFAULT_NAME }, diags);
  if (read === undefined || diags.failed) throw new PolicyRejected(diags.all);
  printDiagnostics(diags.all);
  const { policy, warnings } = await acceptWarnings(read.policy, options, file);
  printDiagnostics(warnings);
  if (warnings.length > 0)
    warn('the policy accepts these warnings under accept: delete an entry there to see its warnings in check');
  const comment = read.comments.get(read.policy);
  const printed = printPolicy(
    policy,
    new Map([...read.comments, ...(comment === undefined ? [] : [[policy, comment] as const])]),
  );
  if (options.json === true)
    printJson(importJson(policy, (read as Partial<ScriptPolicy>).leftOut ?? [], [...diags.all, ...warnings]));
  if (options.output === undefined) {
    if (options.json !== true) print(printed);
    return;
  }
  save(options.output, printed, options.force === true);
}

export function importCommand(): Command {
  const command = new Command('import')
    .description(
      'make a policy, to be reviewed, from a planning chart or a script of netsh ipsec static and ipsecpol commands',
    )
    .argument('<file>', 'a chart (CSV, or Markdown with a table), a script (a batch file), or - for standard input')
    .option('-o, --output <file>', 'write the policy to this file, which must not exist yet (default: print it)')
    .option('--force', 'overwrite the file')
    .option('--partial', 'print the policy even if commands of the script that permit or block are left out of it')
    .addOption(
      new Option('--lan <interface>', 'an interface that conntype=lan and -lan mean; repeatable').argParser(collect),
    )
    .addOption(
      new Option('--dialup <interface>', 'an interface that conntype=dialup and -dialup mean; repeatable').argParser(
        collect,
      ),
    )
    .addOption(meOption())
    .addOption(jsonOption())
    .option(
      '--name <name>',
      `the name of the policy made from a chart (default: "${DEFAULT_NAME}"), or which policy of a script`,
    )
    .addHelpText(
      'after',
      `
Charts: each role becomes a permitted filter list, and everything else is blocked. Columns, in any order: Role, Direction, From/to, Interface IP address, IP Protocol, TCP/UDP port.
  Direction   in, out, or "in, out"; From/to then has one entry for both, or one for each: "all, all"
  From/to     all, or addresses, prefixes and DNS names with spaces between them
  Role        an empty cell goes on with the role above

Scripts: every line that is left out is reported with the reason. Where one permits or blocks, nothing is printed and the exit
code is 3, unless --partial is given; a rule that such a line belongs to is then left out as a whole.

Warnings that xdpol check has about the policy are printed, and accepted in it under accept:, so that check --strict takes it.`,
    )
    .action(run);
  return withExamples(
    command,
    'xdpol import chart.csv',
    'xdpol import plan.md -o edge.yaml && xdpol check edge.yaml',
    'xdpol import lockdown.cmd --lan eth1 -o edge.yaml',
  );
}
