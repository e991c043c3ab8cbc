/** `xdpol fmt`: a policy in the house style. */
import { chmodSync, realpathSync, statSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { Diagnostics } from '../../base/diagnostics.ts';
import { printIpsecpol } from '../../formats/ipsecpol/print.ts';
import { formatPolicyText } from '../../formats/yaml/format.ts';
import type { PolicyTextInput } from '../../host/policy-input.ts';
import { withProgress } from '../../host/report-progress.ts';
import { writeDurably } from '../../store/durable.ts';
import { CheckFailed, UsageError } from '../exit.ts';
import { jsonOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { readArgument, readInputText } from '../read-policy.ts';
import { plainDiagnostic } from '../render/json.ts';
import { print, printDiagnostics, printJson, showEvents, warn } from '../render/terminal.ts';

const FORMATS = ['yaml', 'json', 'ipsecpol'] as const;
type Format = (typeof FORMATS)[number];

interface FmtOptions {
  readonly write?: boolean;
  readonly check?: boolean;
  readonly format?: Format;
  readonly json?: boolean;
}

/** What became of one policy. */
interface FmtOutcome {
  readonly file: string;
  /** It has the house style already; null where it has errors, or was printed as commands. */
  readonly formatted: boolean | null;
  readonly written: boolean;
  /** Of the policy in the house style, or its commands; null where nothing is to be printed. */
  readonly text: string | null;
  readonly isFine: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Every file is seen to before a fault in one of them ends the run. */
function run(policies: readonly string[], options: FmtOptions): void {
  const inPlace = options.write === true || options.check === true;
  if (options.format === 'ipsecpol' && inPlace) {
    throw new UsageError('ipsecpol commands are no policy file', 'leave out --write and --check');
  }
  if (policies.length > 1 && !inPlace) {
    throw new UsageError('one policy at a time is printed', 'use --write or --check for several');
  }
  const outcomes = policies.map((policy) =>
    options.format === 'ipsecpol' ? commands(policy) : format(policy, options),
  );
  const isFine = outcomes.every((outcome) => outcome.isFine);
  if (options.json === true) {
    const files = outcomes.map(({ file, formatted, written, text }) => ({ file, formatted, written, text }));
    const diagnostics = outcomes.flatMap((outcome) => outcome.diagnostics.map(plainDiagnostic));
    printJson({ ok: isFine, policies: files, diagnostics });
  } else {
    for (const { text } of outcomes) if (text !== null && text !== '') print(text);
  }
  if (!isFine) throw new CheckFailed();
}

function format(argument: string, options: FmtOptions): FmtOutcome {
  const input = policyArgument(argument);
  const policy = readInputText(input);
  const isJson = options.format === undefined ? argument.endsWith('.json') : options.format === 'json';
  const diags = new Diagnostics();
  const formatted = withProgress(showEvents(), `formatting ${policy.file}`, (onShare) =>
    formatPolicyText(policy.file, policy.text, isJson ? 'json' : 'yaml', diags, onShare),
  );
  printDiagnostics(diags.all);
  const outcome = { file: policy.file, written: false, text: null, diagnostics: diags.all };
  if (formatted === undefined) return { ...outcome, formatted: null, isFine: false };
  const { text, lostComments } = formatted;
  const isSame = policy.text === text;
  if (options.check === true) {
    if (!isSame) warn(`${policy.file} is not formatted: run xdpol fmt --write ${policy.file}`);
    return { ...outcome, formatted: isSame, isFine: isSame };
  }
  if (options.write === true) {
    replace(policy, 'text' in input && argument !== '-', text, lostComments);
    return { ...outcome, formatted: isSame, written: !isSame, isFine: true };
  }
  if (lostComments > 0) warn(`warning: JSON has no comments: ${lostComments} are left out`);
  return { ...outcome, formatted: isSame, text, isFine: true };
}

/** The file keeps its mode; of a symbolic link, the file it stands for is replaced. */
function replace({ file, text }: PolicyTextInput, isFile: boolean, formatted: string, lostComments: number): void {
  if (!isFile) throw new UsageError(`--write needs a file, and ${file} is none`, 'leave out --write to print it');
  if (lostComments > 0) {
    throw new UsageError(`${file} has ${lostComments} comments, which JSON would lose`, 'print it, or stay with YAML');
  }
  if (text === formatted) return;
  const path = realpathSync(file);
  const { mode } = statSync(path);
  writeDurably(path, new TextEncoder().encode(formatted));
  chmodSync(path, mode);
  warn(`formatted ${file}`);
}

function commands(argument: string): FmtOutcome {
  const { policy, diags } = readArgument(policyArgument(argument));
  const lines = policy === undefined ? [] : printIpsecpol(policy, diags);
  printDiagnostics(diags.all);
  const outcome = { file: argument, formatted: null, written: false, diagnostics: diags.all };
  return { ...outcome, text: lines.join('\n'), isFine: !diags.failed };
}

export function fmtCommand(): Command {
  const command = new Command('fmt')
    .description('print a policy in the usual layout; the comments and the meaning stay the same')
    .argument('<policies...>', `${POLICY_ARGUMENT}; several with --write or --check`)
    .option('--write', 'replace the files that differ')
    .addOption(new Option('--check', 'change nothing; exit 3 where a file differs').conflicts('write'))
    .addOption(
      new Option(
        '--format <format>',
        'the format of the output (default: that of the file); ipsecpol prints commands',
      ).choices([...FORMATS]),
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(
    command,
    'xdpol fmt edge.yaml',
    'xdpol fmt --check policies/*.yaml',
    'xdpol fmt --format ipsecpol edge.yaml',
  );
}
